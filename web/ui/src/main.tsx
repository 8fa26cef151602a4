import './style/main.css';
import { render } from 'preact';
import { App } from './app';
import { applyTheme, storedTheme } from './parts/theme';

applyTheme(storedTheme());
render(<App />, document.getElementById('page')!);
