// What the tests have to cover in full: the service, whichever test runs it.
import { globSync, readFileSync } from 'node:fs';

const files = globSync(['src/**/*.ts', 'schemas/**/*.ts'], { exclude: ['src/kernel/assembly/*.ts'] });

/** What of the page touches the document runs in a browser only: test/page/page.test.ts runs it there, where nothing counts the lines. */
const inBrowser = (file) =>
  file.startsWith('src/page/') && /\b(document|window|HTML\w*Element)\b/.test(readFileSync(file, 'utf8'));

const counted = files.filter((file) => !inBrowser(file));

export default () => counted;
