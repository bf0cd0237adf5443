// Starts the page.
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app.tsx';
import { startHistory } from './history.ts';
import { openDroppedFiles } from './request/files.ts';
import { readDescription } from './request/schema.ts';
import { startSending } from './request/sending.ts';
import { description, language, notice, phase } from './state.ts';
import { languageTags, loadTexts, shownLanguage, text } from './text/text.ts';

/** Reads the service's description of itself: the formulas and options of activations and losses. */
async function describe(): Promise<void> {
  try {
    const response = await fetch(new URL('openapi.json', document.baseURI));
    description.value = readDescription(await response.json());
  } catch {
    notice.value = (t) => t.ui.descriptionFailed;
  }
}

const described = describe();
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
await described;
