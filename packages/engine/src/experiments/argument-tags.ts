/** `{{templates.T.podTemplateHash}}` and its like in arguments of an Experiment's analyses. */
import { type AnalysisArgument, formatTime, labels, parseTime } from '@sluice/api';
import type { World } from './pass.ts';
import { endOf } from './status.ts';

/**
 * The arguments with all tags replaced; blanks around a tag's name do not count.
 *
 * - `templates.T.podTemplateHash`, `templates.T.replicaset.name`: of the ReplicaSet of template T
 * - `experiment.availableAt`, `experiment.finishedAt`: RFC 3339; the second one only where the Experiment has a duration
 *
 * @see argoproj/argo-rollouts utils/template, ResolveExperimentArgsValue
 */
export function resolveExperimentArguments(
  args: readonly AnalysisArgument[],
  world: World,
): { readonly ok: true; readonly value: readonly AnalysisArgument[] } | { readonly ok: false; readonly problem: string } {
  const values = valuesOf(world);
  const resolved: AnalysisArgument[] = [];
  for (const argument of args) {
    const text = argument.value;
    if (text === undefined) {
      resolved.push(argument);
      continue;
    }
    const filled = fillIn(text, values);
    if ('problem' in filled) return { ok: false, problem: filled.problem };
    resolved.push({ ...argument, value: filled.text });
  }
  return { ok: true, value: resolved };
}

function valuesOf({ experiment, replicaSets }: World): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [template, { metadata }] of replicaSets) {
    values.set(`templates.${template}.podTemplateHash`, metadata.labels?.[labels.podTemplateHash] ?? '');
    values.set(`templates.${template}.replicaset.name`, metadata.name ?? '');
  }
  const from = parseTime(experiment.status?.availableAt);
  if (from !== undefined) values.set('experiment.availableAt', formatTime(from));
  const end = endOf(experiment);
  if (end !== undefined) values.set('experiment.finishedAt', formatTime(end));
  return values;
}

const open = '{{';
const close = '}}';

function fillIn(text: string, values: ReadonlyMap<string, string>): { readonly text: string } | { readonly problem: string } {
  let written = '';
  let at = 0;
  for (let from = text.indexOf(open); from >= 0; from = text.indexOf(open, at)) {
    const to = text.indexOf(close, from + open.length);
    if (to < 0) return { problem: `cannot find end tag="${close}" in ${JSON.stringify(text)}` };
    const tag = text.slice(from + open.length, to);
    const value = values.get(tag.trim());
    if (value === undefined) return { problem: `failed to resolve ${open}${tag}${close}` };
    written += text.slice(at, from) + value;
    at = to + close.length;
  }
  return { text: written + text.slice(at) };
}
