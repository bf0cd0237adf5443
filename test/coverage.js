// The files that the tests must cover completely: the service, no matter which test runs the code.
import { globSync, readFileSync } from 'node:fs';

const files = globSync(['src/**/*.ts', 'schemas/**/*.ts'], { exclude: ['src/kernel/assembly/*.ts'] });

/** Code of the page that uses what only browsers have, and the page's texts, run in Chromium, where no coverage is measured. */
const inBrowser = (file) =>
  file.startsWith('src/page/text/') ||
  (file.startsWith('src/page/') &&
    /\b(document|window|location|indexedDB|requestAnimationFrame|HTML\w*Element)\b/.test(readFileSync(file, 'utf8')));

const counted = files.filter((file) => !inBrowser(file));

export default () => counted;
