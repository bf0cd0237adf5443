// The same computation in PyTorch, by its own differentiation.
import type { ActivationName } from '../../../schemas/activation.ts';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { hasClasses, targetsKey } from '../request/targets.ts';
import { literal } from './literal.ts';
import { python } from './python.ts';
import { keywords, lossLines, penaltyLines, variant } from './pytorch-loss.ts';
import { REQUEST_FILE, type Snippet, type Source } from './snippet.ts';

/** The activations that are not torch.nn.functional's function of the same name. */
const others: { readonly [Name in ActivationName]?: string } = {
  identity: 'lambda z: z',
  tanh: 'torch.tanh',
  sigmoid: 'torch.sigmoid',
  exp: 'torch.exp',
  softmax: 'lambda z: F.softmax(z, dim=1)',
  log_softmax: 'lambda z: F.log_softmax(z, dim=1)',
};

export function pytorch({ request, large }: Source): Snippet {
  const loss = [...lossLines(request, large), ...penaltyLines(request)];
  const standard = [...(large ? ['import json'] : []), ...(loss.some((line) => line.includes('math.')) ? ['import math'] : [])];
  const text = `# The same loss and gradients by PyTorch's own differentiation, in float64.
${standard.map((line) => `${line}\n`).join('')}${standard.length > 0 ? '\n' : ''}import torch
import torch.nn.functional as F


def tensor(values, **options):
    return torch.tensor(values, dtype=torch.float64, **options)


${dataLines(request, large).join('\n')}
activations = ${activationList(request)}

weights = [tensor(layer["weights"], requires_grad=True) for layer in layers]
biases = [tensor(layer["biases"], requires_grad=True) if "biases" in layer else None for layer in layers]

outputs = inputs
for W, b, activation in zip(weights, biases, activations):
    outputs = activation(F.linear(outputs, W, b))
${loss.join('\n')}
loss.backward()

print("loss", loss.item())
for k, (W, b) in enumerate(zip(weights, biases)):
    print(f"layer {k} weights", W.grad.tolist())
    if b is not None:
        print(f"layer {k} biases", b.grad.tolist())
`;
  return { language: 'python', label: 'PyTorch', file: 'gradients_pytorch.py', text };
}

/** The numbers of the request, turned so that a sample is a row. */
function dataLines({ network, batch }: GradientsRequest, large: boolean): string[] {
  const from = (path: string, value: unknown) => (large ? `request${path}` : literal(value, python));
  const turned = batch.samples === 'columns' ? '.T  # a sample per column' : '';
  const key = targetsKey(batch);
  const targets = from(`["batch"]["${key}"]`, batch[key]);
  const layers = network.layers.map(({ weights, biases }) => ({ weights, biases }));
  return [
    ...(large ? [`request = json.load(open("${REQUEST_FILE}", encoding="utf-8"))`] : []),
    `layers = ${from('["network"]["layers"]', layers)}`,
    `inputs = tensor(${from('["batch"]["inputs"]', batch.inputs)})${turned}`,
    hasClasses(batch) ? `targets = torch.tensor(${targets}, dtype=torch.int64)` : `targets = tensor(${targets})${turned}`,
    ...(batch.sample_weights ? [`sample_weights = tensor(${from('["batch"]["sample_weights"]', batch.sample_weights)})`] : []),
  ];
}

function activationList({ network }: GradientsRequest): string {
  const functions = network.layers.map(({ activation }) => {
    const { name, options } = variant(activation ?? 'identity');
    const known = (others as Record<string, string>)[name] ?? `F.${name}`;
    const given = keywords(options);
    return given.length > 0 ? `lambda z: ${known}(${['z', ...given].join(', ')})` : known;
  });
  const short = `[${functions.join(', ')}]`;
  return short.length < 80 ? short : `[\n    ${functions.join(',\n    ')},\n]`;
}
