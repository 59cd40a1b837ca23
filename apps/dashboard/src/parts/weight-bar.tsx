import type { RolloutInfo } from '@sluice/views';
import type { JSX } from 'react';

type WeightBarProps = { readonly info: RolloutInfo; readonly isLarge?: boolean };

/** Who gets how much of the traffic, with a mark where the steps want the canary to be. */
export function WeightBar({ info, isLarge = false }: WeightBarProps): JSX.Element | null {
  const { weights, maxWeight } = info.view;
  if (weights.length === 0) return null;
  const share = (weight: number): string => `${(100 * weight) / maxWeight}%`;
  const shown = weights.filter(({ weight }) => weight > 0).sort((a, b) => Number(a.role === 'stable') - Number(b.role === 'stable'));
  const label = shown.map(({ name, weight }) => `${name} ${weight}`).join(', ');
  const wanted = Number(info.setWeight);
  return (
    <div
      className={isLarge ? 'weight weight-large' : 'weight'}
      role="img"
      aria-label={`Weights of ${maxWeight}: ${label}; set weight ${wanted}`}
    >
      <div className="weight-track">
        {shown.map(({ name, role, weight }) => (
          <div key={name} className="weight-part" data-role={role} style={{ width: share(weight) }} title={`${name} ${weight}`}>
            {isLarge && weight * 8 >= maxWeight ? `${name} ${weight}${maxWeight === 100 ? ' %' : ''}` : ''}
          </div>
        ))}
        {info.view.isDeploying && wanted > 0 && wanted < maxWeight ? (
          <div className="weight-mark" style={{ left: share(wanted) }} title={`set weight ${wanted}`} />
        ) : null}
      </div>
    </div>
  );
}
