/** Every Event of the controller, told once and passed on to those who want to be notified of it. */
import type { KubeObject } from '@sluice/api';
import type { EventRecorder } from '@sluice/kube';
import type { NotificationSender } from './notifications/notification-sender.ts';

export type ToldEvents = Pick<EventRecorder, 'record'>;

export function toldEvents(recorder: ToldEvents, sender: Pick<NotificationSender, 'notify'> | undefined): ToldEvents {
  return {
    record(object, event) {
      recorder.record(object, event);
      sender?.notify(object as KubeObject, event);
    },
  };
}
