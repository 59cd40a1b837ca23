import { type JSX, useEffect } from 'react';
import { useStored } from '../hooks/use-stored.ts';

const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];
const signs: Readonly<Record<Theme, string>> = { system: '◐', light: '☀', dark: '☾' };

function isTheme(value: unknown): value is Theme {
  return themes.some((theme) => theme === value);
}

/** Goes through the themes; `system` follows the machine. */
export function ThemeButton(): JSX.Element {
  const [theme, setTheme] = useStored<Theme>('theme', 'system', isTheme);
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
  return (
    <button
      type="button"
      className="plain"
      title={`Theme: ${theme}`}
      aria-label={`Theme: ${theme}. Change to ${next}`}
      onClick={() => setTheme(next)}
    >
      {signs[theme]}
    </button>
  );
}
