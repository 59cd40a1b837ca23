import type { JSX } from 'react';

type FavouriteButtonProps = { readonly name: string; readonly isOn: boolean; onToggle(name: string): void };

export function FavouriteButton({ name, isOn, onToggle }: FavouriteButtonProps): JSX.Element {
  return (
    <button type="button" className="plain star" aria-pressed={isOn} aria-label={`Favourite ${name}`} onClick={() => onToggle(name)}>
      {isOn ? '★' : '☆'}
    </button>
  );
}
