// Datasets as safetensors files.
import t from 'tap';
import { plain, safetensors, startCatalog, upload } from './catalog.ts';

const inputs = Float64Array.of(1, 2, 3, 4, 5, 6.5);
const body = safetensors({
  inputs: ['F64', [3, 2], inputs],
  targets: ['F32', [3, 1], Float32Array.of(0.5, 1.5, -2)],
  sample_weights: ['F16', [3], Float16Array.of(0, 1, 2)],
});

t.test('rows are what was uploaded, however it is cut', async (t) => {
  for (const size of [1, 7, 64, body.length]) {
    const { datasets } = startCatalog(t);
    const { dataset, isNew } = await datasets.put('', 'a', upload(body, size), {});
    t.equal(isNew, true);
    t.strictSame(plain(await datasets.read(dataset, 0, 3)), {
      inputs: { shape: [3, 2], data: [...inputs] },
      targets: { shape: [3, 1], data: [0.5, 1.5, -2] },
      sample_weights: [0, 1, 2],
    });
    t.strictSame(plain(await datasets.read(dataset, 1, 2)), {
      inputs: { shape: [1, 2], data: [3, 4] },
      targets: { shape: [1, 1], data: [1.5] },
      sample_weights: [1],
    });
  }
});
