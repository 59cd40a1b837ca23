import type { JSX, ReactNode } from 'react';
import { Dialog } from './dialog.tsx';

type ConfirmProps = {
  readonly title: string;
  readonly verb: string;
  readonly isDangerous?: boolean;
  readonly children: ReactNode;
  onConfirm(): void;
  onCancel(): void;
};

/** Asks before something is done. The button that does it has the focus, so that Enter goes on and Escape goes back. */
export function Confirm({ title, verb, isDangerous = false, children, onConfirm, onCancel }: ConfirmProps): JSX.Element {
  return (
    <Dialog title={title} onClose={onCancel}>
      <p>{children}</p>
      <div className="dialog-buttons">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        {/* biome-ignore lint/a11y/noAutofocus: a dialog needs a place for the focus, and this is the question asked */}
        <button type="button" className={isDangerous ? 'primary danger' : 'primary'} autoFocus onClick={onConfirm}>
          {verb}
        </button>
      </div>
    </Dialog>
  );
}
