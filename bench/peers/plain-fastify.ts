// A peer: a simple first implementation, a Fastify route that uses ml-matrix as in its documentation.
import Fastify from 'fastify';
import { Matrix } from 'ml-matrix';

interface Layer {
  weights: number[][];
  biases: number[];
  activation?: 'identity' | 'tanh' | 'relu';
}

interface GradientsRequest {
  network: { layers: Layer[] };
  batch: { inputs: number[][]; targets: number[][] | number[]; samples?: 'rows' | 'columns' };
  loss?: 'mse' | 'cross_entropy';
}

/** Each activation, and its derivative as a function of its value. */
const activations = {
  identity: { value: (z: number) => z, slope: (_a: number) => 1 },
  tanh: { value: Math.tanh, slope: (a: number) => 1 - a * a },
  relu: { value: (z: number) => Math.max(z, 0), slope: (a: number) => (a > 0 ? 1 : 0) },
};

function meanSquaredError(outputs: Matrix, targets: Matrix) {
  const difference = Matrix.sub(outputs, targets);
  const divisor = outputs.rows * outputs.columns;
  return { loss: Matrix.mul(difference, difference).sum() / divisor, gradient: difference.mul(2 / divisor), divisor };
}

function crossEntropy(outputs: Matrix, classes: number[]) {
  const divisor = outputs.rows;
  const gradient = new Matrix(outputs.rows, outputs.columns);
  let loss = 0;
  for (const [i, index] of classes.entries()) {
    const row = outputs.getRow(i);
    const largest = Math.max(...row);
    const exponentials = row.map((z) => Math.exp(z - largest));
    const sum = exponentials.reduce((total, e) => total + e, 0);
    loss += largest + Math.log(sum) - (row[index] as number);
    gradient.setRow(
      i,
      exponentials.map((e, j) => (e / sum - (j === index ? 1 : 0)) / divisor),
    );
  }
  return { loss: loss / divisor, gradient, divisor };
}

function gradientsOf({ network: { layers }, batch, loss: name }: GradientsRequest) {
  const columns = batch.samples === 'columns';
  const inputs = new Matrix(batch.inputs);
  const values = [columns ? inputs.transpose() : inputs];
  const weights = layers.map((layer) => new Matrix(layer.weights));
  for (const [k, layer] of layers.entries()) {
    const A = (values[k] as Matrix).mmul((weights[k] as Matrix).transpose()).addRowVector(layer.biases);
    const { value } = activations[layer.activation ?? 'identity'];
    values.push(A.apply((i, j) => A.set(i, j, value(A.get(i, j)))));
  }
  const outputs = values.at(-1) as Matrix;
  const matrix = () => new Matrix(batch.targets as number[][]);
  const { loss, gradient, divisor } =
    name === 'cross_entropy'
      ? crossEntropy(outputs, batch.targets as number[])
      : meanSquaredError(outputs, columns ? matrix().transpose() : matrix());
  const gradients: { weights: number[][]; biases: number[] }[] = [];
  let dA = gradient;
  for (let k = layers.length - 1; k >= 0; k--) {
    const { slope } = activations[(layers[k] as Layer).activation ?? 'identity'];
    const A = values[k + 1] as Matrix;
    const dZ = dA.apply((i, j) => dA.set(i, j, dA.get(i, j) * slope(A.get(i, j))));
    gradients.unshift({
      weights: dZ
        .transpose()
        .mmul(values[k] as Matrix)
        .to2DArray(),
      biases: dZ.sum('column'),
    });
    if (k > 0) dA = dZ.mmul(weights[k] as Matrix);
  }
  return { loss, gradients, divisor };
}

const app = Fastify({ bodyLimit: 2 ** 26 });
app.post<{ Body: GradientsRequest }>('/gradients', async (request) => gradientsOf(request.body));
app.get('/readyz', async () => process.pid);
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
