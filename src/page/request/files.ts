// A request from a file: opened, or dropped on the page.
import { change, problem, request } from '../state.ts';
import { text } from '../text/text.ts';
import { conversionOf } from './conversions.ts';
import { isRequest } from './edit.ts';
import { ImportFault } from './import-fault.ts';
import { readSafetensors } from './safetensors.ts';
import { layersOf, tensorsOf, withNetwork } from './state-dict.ts';

/** Opens a request, or a network for the samples of the page: a state dict as safetensors or JSON. */
export async function openFile(file: File | undefined): Promise<void> {
  if (!file) return;
  const t = text.value;
  const fail = (detail: string) => {
    problem.value = { title: t.request.fileUnreadable(file.name), detail };
  };
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 4).arrayBuffer()));
  const conversion = conversionOf(file.name, start);
  if (conversion) {
    fail(t.imports.convert(conversion.library, conversion.line));
    return;
  }
  try {
    const isTensors = /\.safetensors$/i.test(file.name);
    open(isTensors ? readSafetensors(await file.arrayBuffer()) : JSON.parse(await file.text()));
  } catch (error) {
    fail(error instanceof ImportFault ? error.text(t.imports) : (error as Error).message);
  }
}

/** Takes a request as it is, and of tensors the network. @throws ImportFault. */
function open(content: unknown): void {
  const isDict = content instanceof Map || (content instanceof Object && !('network' in content) && !('batch' in content));
  const current = request.peek();
  if (!isDict || !isRequest(current)) change(content, 'file');
  else change(withNetwork(current, layersOf(content instanceof Map ? content : tensorsOf(content))), 'file');
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
