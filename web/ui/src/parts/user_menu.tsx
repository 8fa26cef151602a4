/** Who is signed in; the theme, help, and the way out. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icon';
import { useSigned } from './session';
import { keepTheme, storedTheme, type Theme, themes } from './theme';

const themeIcons: Record<Theme, IconName> = { auto: 'auto', light: 'sun', dark: 'moon' };
const themeWords: Record<Theme, string> = { auto: 'System', light: 'Light', dark: 'Dark' };

function ThemeChoice() {
  const [theme, setTheme] = useState(storedTheme);
  const choose = (chosen: Theme) => {
    keepTheme(chosen);
    setTheme(chosen);
  };
  return (
    <fieldset class="themes">
      <legend>Colours</legend>
      {themes.map((item) => (
        <label key={item} class={item === theme ? 'chosen' : ''}>
          <input class="unseen" type="radio" name="theme" checked={item === theme} onChange={() => choose(item)} />
          <Icon name={themeIcons[item]} size={16} /> {themeWords[item]}
        </label>
      ))}
    </fieldset>
  );
}

export function UserMenu({ onHelp }: { onHelp: () => void }) {
  const { session, about, signOut } = useSigned();
  const details = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (details.current) details.current.open = false;
  };

  useEffect(() => {
    const outside = (event: Event) => {
      if (event.target instanceof Node && !details.current?.contains(event.target)) close();
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || !details.current?.open) return;
      event.preventDefault();
      close();
      details.current.querySelector('summary')?.focus();
    };
    document.addEventListener('click', outside);
    document.addEventListener('keydown', escape, true);
    return () => {
      document.removeEventListener('click', outside);
      document.removeEventListener('keydown', escape, true);
    };
  }, []);

  return (
    <details class="menu" ref={details}>
      <summary aria-label={`${session.name}, ${session.role}: menu`}>
        <Icon name="user" />
        <span class="menu-name">{session.name}</span>
      </summary>
      <div class="menu-panel">
        <p class="menu-who">
          <strong>{session.name}</strong> <span class="muted">{session.role}</span>
        </p>
        <ThemeChoice />
        <button
          type="button"
          class="plain"
          onClick={() => {
            close();
            onHelp();
          }}
        >
          <Icon name="help" size={16} /> Keys and search words
        </button>
        <button type="button" class="plain" onClick={signOut}>
          <Icon name="out" size={16} /> Sign out
        </button>
        {about && (
          <p class="muted fine">
            scanpost {about.version} on {about.hostname}
          </p>
        )}
      </div>
    </details>
  );
}
