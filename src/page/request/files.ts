// A request from a file: opened, or dropped on the page.
import { change, problem } from '../state.ts';
import { text } from '../text/text.ts';

export async function openFile(file: File | undefined): Promise<void> {
  if (!file) return;
  let request: unknown;
  try {
    request = JSON.parse(await file.text());
  } catch (error) {
    problem.value = { title: text.value.request.fileUnreadable(file.name), detail: (error as Error).message };
    return;
  }
  change(request, 'file');
}

/** Opens files that are dropped anywhere on the page. */
export function openDroppedFiles(): void {
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    openFile(event.dataTransfer?.files[0]);
  });
}

/** Has the browser save a text as a file. */
export function save(file: string, contents: BlobPart): void {
  const url = URL.createObjectURL(new Blob([contents]));
  const link = document.createElement('a');
  link.href = url;
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
