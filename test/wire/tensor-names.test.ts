// Tensors by other names: each error says what the name is here.
import t from 'tap';
import { post, startApp, validRequest } from '../support/app.ts';
import { file, parts, SAFETENSORS } from '../support/safetensors-file.ts';

/** Names of tensors, by the name that each has here. */
const namesHere: Record<string, string> = {
  '0.weight': 'network.layers.{k}.weights',
  W1: 'network.layers.{k}.weights',
  'network.layers.7.bias': 'network.layers.7.biases',
  'dense/kernel:0': 'network.layers.{k}.weights',
  coefs_0: 'network.layers.{k}.weights',
  inputs: 'batch.inputs',
  x: 'batch.inputs',
  'batch.y': 'batch.targets',
};

t.test('tensors with the names of other libraries', async (t) => {
  const app = await startApp();
  const { header, data } = parts(validRequest());
  const all = /; there are network\.layers\.\{k\}\.weights, .*loss\.weight$/;
  const errorFor = async (name: string) => {
    const body = file({ ...header, [name]: { dtype: 'F64', shape: [0], data_offsets: [0, 0] } }, data);
    const [{ detail }] = (await post(app, body, { 'content-type': SAFETENSORS })).json().errors;
    t.match(detail, all);
    return detail.replace(all, '');
  };
  for (const [name, here] of Object.entries(namesHere))
    t.equal(await errorFor(name), `a request has no tensor "${name}": it is ${here} here`);
  t.equal(await errorFor('foo'), 'a request has no tensor "foo"');
});
