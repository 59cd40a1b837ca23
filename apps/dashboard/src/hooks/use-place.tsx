/** Where somebody is, kept in the address; links change it without loading the page again. */
import {
  type AnchorHTMLAttributes,
  createContext,
  type JSX,
  type MouseEvent,
  type ReactNode,
  useContext,
  useEffect,
  useState,
} from 'react';
import { type Place, pathOf, placeOf } from '../model/location.ts';
import { base } from '../server/api.ts';

type Navigation = { readonly place: Place; go(place: Place): void };

const NavigationContext = createContext<Navigation>({ place: { kind: 'list', namespace: undefined }, go: () => undefined });

export function NavigationProvider({ children }: { readonly children: ReactNode }): JSX.Element {
  const [place, setPlace] = useState(() => placeOf(location.pathname, base));
  useEffect(() => {
    const changed = (): void => setPlace(placeOf(location.pathname, base));
    addEventListener('popstate', changed);
    return () => removeEventListener('popstate', changed);
  }, []);
  const go = (next: Place): void => {
    history.pushState(null, '', pathOf(next, base));
    setPlace(next);
    scrollTo(0, 0);
  };
  return <NavigationContext value={{ place, go }}>{children}</NavigationContext>;
}

export function useNavigation(): Navigation {
  return useContext(NavigationContext);
}

type LinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> & { readonly to: Place };

export function Link({ to, children, ...rest }: LinkProps): JSX.Element {
  const { go } = useNavigation();
  const clicked = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a {...rest} href={pathOf(to, base)} onClick={clicked}>
      {children}
    </a>
  );
}
