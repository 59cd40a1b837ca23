/** Short messages about what was done, at the edge of the page, read out by screen readers. */
import { createContext, type JSX, type ReactNode, useCallback, useContext, useRef, useState } from 'react';

type Message = { readonly id: number; readonly kind: 'done' | 'failed'; readonly text: string };
type Say = (kind: Message['kind'], text: string) => void;

const MessagesContext = createContext<Say>(() => undefined);
const shownMs = { done: 5_000, failed: 15_000 } as const;

export function MessagesProvider({ children }: { readonly children: ReactNode }): JSX.Element {
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const nextId = useRef(0);
  const drop = useCallback((id: number) => setMessages((before) => before.filter((message) => message.id !== id)), []);
  const say = useCallback<Say>(
    (kind, text) => {
      const id = nextId.current++;
      setMessages((before) => [...before.slice(-3), { id, kind, text }]);
      setTimeout(() => drop(id), shownMs[kind]);
    },
    [drop],
  );
  return (
    <MessagesContext value={say}>
      {children}
      <div className="messages" role="status" aria-live="polite">
        {messages.map(({ id, kind, text }) => (
          <div key={id} className={`message message-${kind}`}>
            <span>{text}</span>
            <button type="button" className="plain" aria-label="Dismiss" onClick={() => drop(id)}>
              ✕
            </button>
          </div>
        ))}
      </div>
    </MessagesContext>
  );
}

export function useMessages(): Say {
  return useContext(MessagesContext);
}
