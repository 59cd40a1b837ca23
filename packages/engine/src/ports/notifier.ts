/**
 * The port behind which every notification service lies. A notifier carries one rendered message to one recipient; what is sent, when and to
 * whom is decided in `../notifications`, whether it is tried again by the shell.
 */

/** `service` is the name under which the service is configured. */
export type Destination = { readonly service: string; readonly recipient: string };

/**
 * What a template came to. `sections` holds what the template says for single services, by the service's type (`slack`, `email`, ...), with
 * its texts rendered and otherwise as it was written: a notifier looks at its own section and trusts nothing in it.
 */
export type Notification = { readonly message: string; readonly sections: Readonly<Record<string, unknown>> };

/**
 * `problem` never holds a credential. `mayRetry` tells a passing failure from one that would only come again; `retryAfterMs` is how long the
 * service asks to be left alone.
 */
export type SendOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly problem: string; readonly mayRetry: boolean; readonly retryAfterMs?: number };

export interface Notifier {
  /** Ends by itself in bounded time, and never throws. */
  send(notification: Notification, destination: Destination): Promise<SendOutcome>;
}

export type MadeNotifier = { readonly ok: true; readonly notifier: Notifier } | { readonly ok: false; readonly problem: string };

/** Makes the notifier of a service of this type. `options` are those of the configuration, values of the Secret filled in. */
export type NotifierFactory = (type: string, options: unknown) => MadeNotifier;
