/** Light, dark, or as the system has it. The choice stays in this browser. */

export type Theme = 'auto' | 'light' | 'dark';
export const themes: readonly Theme[] = ['auto', 'light', 'dark'];
const KEY = 'scanpost.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

export function storedTheme(): Theme {
  try {
    const word = localStorage.getItem(KEY);
    return themes.find((theme) => theme === word) ?? 'auto';
  } catch {
    return 'auto'; // storage may be forbidden
  }
}

function show(theme: Theme): void {
  const shown = theme === 'auto' ? (dark.matches ? 'dark' : 'light') : theme;
  document.documentElement.dataset['theme'] = shown;
  document.documentElement.style.colorScheme = shown;
  dispatchEvent(new CustomEvent('themechange'));
}

export function applyTheme(theme: Theme): void {
  show(theme);
}

export function keepTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // then it lasts as long as the page
  }
  show(theme);
}

dark.addEventListener('change', () => show(storedTheme()));
