import type { AnalysisRunInfo } from '@sluice/views';
import { type JSX, useState } from 'react';
import { ageText } from '../model/age.ts';
import { Status } from '../parts/status.tsx';
import { AnalysisRunDialog } from './analysis-run-dialog.tsx';

/** One line a run; its measurements open in a dialog, which goes on following it. */
export function AnalysisRuns({ runs, now }: { readonly runs: readonly AnalysisRunInfo[]; readonly now: number }): JSX.Element | null {
  const [openUid, setOpenUid] = useState<string | undefined>();
  if (runs.length === 0) return null;
  const open = runs.find(({ objectMeta }) => objectMeta.uid === openUid);
  return (
    <>
      <ul className="runs" aria-label="Analysis runs">
        {runs.map((run) => (
          <li key={run.objectMeta.uid}>
            <button type="button" className="run" onClick={() => setOpenUid(run.objectMeta.uid)}>
              <span className="run-name">α {run.objectMeta.name}</span>
              <Status status={run.status} />
              <span className="quiet">{counts(run)}</span>
              <span className="quiet">{ageText(run.objectMeta.creationTimestamp, now)}</span>
            </button>
          </li>
        ))}
      </ul>
      {open === undefined ? null : <AnalysisRunDialog run={open} onClose={() => setOpenUid(undefined)} />}
    </>
  );
}

function counts({ successful, failed, inconclusive, error }: AnalysisRunInfo): string {
  const parts = [
    ['✔', successful],
    ['✖', failed],
    ['?', inconclusive],
    ['⚠', error],
  ] as const;
  return parts.flatMap(([sign, count]) => (count > 0 ? `${sign} ${count}` : [])).join('  ');
}
