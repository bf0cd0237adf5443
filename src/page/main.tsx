// Starts the page.
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app.tsx';
import { startHistory } from './history.ts';
import { openDroppedFiles } from './request/files.ts';
import { startSending } from './request/sending.ts';
import { language, notice, phase } from './state.ts';
import { languageTags, loadTexts, shownLanguage, text } from './text/text.ts';

await startHistory();
startSending();
/** English stays if the texts cannot be loaded. */
const speak = () => loadTexts(language.value).catch(() => (notice.value = (t) => t.ui.languageFailed));
await speak();
effect(() => {
  speak();
});
effect(() => {
  document.documentElement.lang = languageTags[shownLanguage.value];
  document.title = text.value.ui.title;
});
// For styles and tests.
effect(() => {
  document.body.dataset.state = phase.value;
});
openDroppedFiles();
render(<App />, document.getElementById('app') as HTMLElement);
