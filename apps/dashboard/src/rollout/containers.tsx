import type { ContainerInfo, RolloutInfo } from '@sluice/views';
import { type FormEvent, type JSX, useState } from 'react';
import { type Act, useAction } from '../hooks/use-action.ts';
import { imageParts } from '../model/image.ts';

export function Containers({ info }: { readonly info: RolloutInfo }): JSX.Element | null {
  const { name = '', namespace = '' } = info.objectMeta;
  const action = useAction(namespace, name);
  if (info.containers.length + info.initContainers.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="containers">
      <h2 id="containers">Containers</h2>
      <ContainerList containers={info.containers} action={action} />
      {info.initContainers.length === 0 ? null : (
        <>
          <h3>Init containers</h3>
          <ContainerList containers={info.initContainers} action={action} />
        </>
      )}
    </section>
  );
}

type ContainerListProps = { readonly containers: readonly ContainerInfo[]; readonly action: Act };

function ContainerList({ containers, action }: ContainerListProps): JSX.Element {
  return (
    <ul className="containers">
      {containers.map((container) => (
        <Container key={container.name} container={container} action={action} />
      ))}
    </ul>
  );
}

function Container({ container, action }: { readonly container: ContainerInfo; readonly action: Act }): JSX.Element {
  const [text, setText] = useState<string | undefined>();
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const wanted = (text ?? '').trim();
    if (wanted !== '' && wanted !== container.image) {
      if (!(await action.run({ kind: 'set-image', container: container.name, ...imageParts(wanted) }))) return;
    }
    setText(undefined);
  };
  return (
    <li className="container">
      <span className="container-name">{container.name}</span>
      {text === undefined ? (
        <>
          <code className="container-image">{container.image}</code>
          <button
            type="button"
            className="plain"
            aria-label={`Edit the image of ${container.name}`}
            onClick={() => setText(container.image)}
          >
            Edit
          </button>
        </>
      ) : (
        <form className="container-form" onSubmit={(event) => void save(event)}>
          <input
            // biome-ignore lint/a11y/noAutofocus: somebody has just asked to edit this
            autoFocus
            value={text}
            aria-label={`Image of ${container.name}`}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') setText(undefined);
            }}
          />
          <button type="submit" className="primary" disabled={action.isBusy}>
            Save
          </button>
          <button type="button" onClick={() => setText(undefined)}>
            Cancel
          </button>
        </form>
      )}
    </li>
  );
}
