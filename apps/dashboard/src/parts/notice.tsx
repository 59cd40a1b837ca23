import type { JSX, ReactNode } from 'react';

type NoticeProps = { readonly kind: 'failed' | 'empty' | 'loading'; readonly children: ReactNode };

/** A sentence in place of a page's content. */
export function Notice({ kind, children }: NoticeProps): JSX.Element {
  return (
    <div className={`notice notice-${kind}`} role={kind === 'failed' ? 'alert' : 'status'}>
      {children}
    </div>
  );
}
