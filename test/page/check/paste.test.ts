// What NumPy, PyTorch, R, MATLAB, Octave and others print is read as they mean it; what cannot be read is refused by name.
import t from 'tap';
import { arraysOf } from '../../../src/page/check/arrays.ts';
import { PasteFault } from '../../../src/page/check/fault.ts';
import { readPaste } from '../../../src/page/check/paste.ts';
import { check } from '../../../src/page/text/en/check.ts';

type Expected = [name: string | undefined, shape: number[], numbers: number[]];

const read = (text: string): Expected[] =>
  arraysOf(readPaste(text)).map(({ name, shape, numbers }) => [name, [...shape], [...numbers]]);

/** The sentence of the fault of a text. */
function faultOf(text: string): string {
  try {
    return `no fault: ${JSON.stringify(read(text))}`;
  } catch (error) {
    if (error instanceof PasteFault) return error.text(check);
    throw error;
  }
}

const M: [number[], number[]] = [
  [2, 2],
  [1, -2, 0.5, 4],
];

const prints: [program: string, text: string, expected: Expected[]][] = [
  ['JSON, an array', '[[1, -2], [0.5, 4]]', [[undefined, ...M]]],
  [
    'JSON, an answer of the service',
    '{"loss": 0.25, "loss_name": "mse", "ok": true, "gradients": [{"weights": [[1, -2], [5e-1, 4]], "biases": [1, 2]}]}',
    [
      ['loss', [], [0.25]],
      ['gradients[0].weights', ...M],
      ['gradients[0].biases', [2], [1, 2]],
    ],
  ],
  [
    'JSON without the braces around it',
    '"dW1": [[1, -2], [0.5, 4]],\n"db1": [1, 2],',
    [
      ['dW1', ...M],
      ['db1', [2], [1, 2]],
    ],
  ],
  [
    'Python, a list of lists for each layer, and biases of different lengths',
    'dW = [[[1, -2], [0.5, 4]], [[3.0, 1]]]\ndb = [[1, 2], [3]]\n',
    [
      ['dW[0]', ...M],
      ['dW[1]', [1, 2], [3, 1]],
      ['db[0]', [2], [1, 2]],
      ['db[1]', [1], [3]],
    ],
  ],
  ['NumPy, print', '[[ 1.  -2. ]\n [ 0.5  4. ]]\n', [[undefined, ...M]]],
  [
    'NumPy, print with a name before it',
    'dW1 = [[ 1.  -2. ]\n [ 0.5  4. ]]\nloss: 0.25',
    [
      ['dW1', ...M],
      ['loss', [], [0.25]],
    ],
  ],
  [
    'NumPy, a dictionary',
    "{'dW1': array([[ 1. , -2. ],\n       [ 0.5,  4. ]]), 'db1': array([1.5e-05, 2.0e+00], dtype=float32), 'loss': np.float64(0.25)}",
    [
      ['dW1', ...M],
      ['db1', [2], [1.5e-5, 2]],
      ['loss', [], [0.25]],
    ],
  ],
  [
    'NumPy, a list',
    '[array([[ 1. , -2. ],\n       [ 0.5,  4. ]]), array([1., 2.])]',
    [
      [undefined, ...M],
      [undefined, [2], [1, 2]],
    ],
  ],
  [
    'NumPy, rows over several lines',
    '[[-0.73226735 -0.54425898\n   1.36646347]\n [ 0.35537271 -0.65382861\n   1.51392377]]',
    [[undefined, [2, 3], [-0.73226735, -0.54425898, 1.36646347, 0.35537271, -0.65382861, 1.51392377]]],
  ],
  [
    'a Python session',
    '>>> import numpy as np\n>>> dW1\narray([[ 1. , -2. ],\n       [ 0.5,  4. ]])\n>>> print(db1)\n[1. 2.]',
    [
      ['dW1', ...M],
      ['db1', [2], [1, 2]],
    ],
  ],
  ['Jupyter', 'In [3]: dW1\nOut[3]: \narray([[ 1. , -2. ],\n       [ 0.5,  4. ]])', [['dW1', ...M]]],
  ['Jupyter, on one line', 'In [4]: db1\nOut[4]: array([1., 2.])', [['db1', [2], [1, 2]]]],
  [
    'PyTorch, named_parameters',
    '0.weight tensor([[ 1.0000, -2.0000],\n        [ 0.5000,  4.0000]])\n0.bias tensor([1., 2.], dtype=torch.float64)\nloss tensor(0.2500, grad_fn=<MseLossBackward0>)',
    [
      ['0.weight', ...M],
      ['0.bias', [2], [1, 2]],
      ['loss', [], [0.25]],
    ],
  ],
  [
    'PyTorch, a parameter',
    "Parameter containing:\ntensor([[ 1.0000, -2.0000],\n        [ 0.5000,  4.0000]], device='cuda:0', requires_grad=True)",
    [[undefined, ...M]],
  ],
  [
    'PyTorch, a state dict',
    "OrderedDict([('0.weight', tensor([[ 1.0000, -2.0000],\n        [ 0.5000,  4.0000]])), ('0.bias', tensor([1., 2.]))])",
    [
      ['0.weight', ...M],
      ['0.bias', [2], [1, 2]],
    ],
  ],
  [
    'R, a matrix in several blocks of columns',
    '           [,1]       [,2]\n[1,] -0.6264538  1.5952808\n[2,]  0.1836433  0.3295078\n          [,3]\n[1,] 0.8212212\n[2,] 0.5939013\n',
    [[undefined, [2, 3], [-0.6264538, 1.5952808, 0.8212212, 0.1836433, 0.3295078, 0.5939013]]],
  ],
  [
    'R, two matrices in a row',
    '> dW1\n     [,1] [,2]\n[1,]  1.0   -2\n[2,]  0.5    4\n> print(dW2)\n     [,1]\n[1,]    3\n[2,]    5\n',
    [
      ['dW1', ...M],
      ['dW2', [2, 1], [3, 5]],
    ],
  ],
  [
    'R, two matrices without a prompt',
    '     [,1]\n[1,]    1\n[2,]    2\n     [,1]\n[1,]    3\n[2,]    5\n',
    [
      [undefined, [2, 1], [1, 2]],
      [undefined, [2, 1], [3, 5]],
    ],
  ],
  ['R, columns with names', '         a     b\n[1,] 1e-10 2e+05\n[2,] 1e+00 3e+05', [[undefined, [2, 2], [1e-10, 2e5, 1, 3e5]]]],
  ['R, a vector over two lines', ' [1]  0.1 -0.2\n [3]  0.3\n', [[undefined, [3], [0.1, -0.2, 0.3]]]],
  [
    'R, a list of lists',
    '[[1]]\n[[1]]$W\n     [,1] [,2]\n[1,]  1.0   -2\n[2,]  0.5    4\n\n[[1]]$b\n[1] 1 2\n\n\n[[2]]\n[[2]]$W\n     [,1]\n[1,]    3\n\n$loss\n[1] 0.25\n',
    [
      ['[[1]]$W', ...M],
      ['[[1]]$b', [2], [1, 2]],
      ['[[2]]$W', [1, 1], [3]],
      ['$loss', [1], [0.25]],
    ],
  ],
  [
    'MATLAB, with a scale factor and columns in blocks',
    'dW1 =\n\n   1.0e-03 *\n\n  Columns 1 through 2\n\n    0.1238   -0.2121\n   -1.3128    0.4000\n\n  Column 3\n\n    0.5000\n    0.2500\n\nloss =\n\n    0.2500\n',
    [
      ['dW1', [2, 3], [0.1238e-3, -0.2121e-3, 0.5e-3, -1.3128e-3, 0.4e-3, 0.25e-3]],
      ['loss', [1, 1], [0.25]],
    ],
  ],
  [
    'Octave',
    'a =\n\n Columns 1 and 2:\n\n   5.3801e-01   3.3535e-01\n   2.6460e-01   1.8440e-01\n\n Columns 3 and 4:\n\n   1   2\n   3   4\n\nx = 1.2345e-04\nans =\n\n   1\n   2\n\n',
    [
      ['a', [2, 4], [0.53801, 0.33535, 1, 2, 0.2646, 0.1844, 3, 4]],
      ['x', [], [1.2345e-4]],
      ['ans', [2, 1], [1, 2]],
    ],
  ],
  [
    'Octave, a structure and a cell array',
    's =\n\n  scalar structure containing the fields:\n\n    W =\n\n       1.0  -2.0\n       0.5   4.0\n\n    b =\n\n            1        2\n\n\nc =\n{\n  [1,1] =\n\n     3\n\n  [1,2] =\n\n          1        2\n\n}\n\n',
    [
      ['W', ...M],
      ['b', [1, 2], [1, 2]],
      ['c{1}', [1, 1], [3]],
      ['c{2}', [1, 2], [1, 2]],
    ],
  ],
  ['Octave, a cell array without a name', '{\n  [1,1] =\n\n     3\n\n}\n', [['cell{1}', [1, 1], [3]]]],
  ['an empty call beside numbers', '[array(1.5), 2]', [[undefined, [2], [1.5, 2]]]],
  [
    'layers without a name',
    '[{"W": [1, 2]}, {"W": [3]}]',
    [
      ['layers[0].W', [2], [1, 2]],
      ['layers[1].W', [1], [3]],
    ],
  ],
  ['MATLAB, mat2str', 'dW1 = [1 -2;0.5 4]', [['dW1', ...M]]],
  ['Julia', 'dW1 = [1.0 -2.0; 0.5 4.0]', [['dW1', ...M]]],
  [
    'Ruby',
    '{"dW1"=>[[1, -2], [0.5, 4]], "db1"=>[1, 2]}',
    [
      ['dW1', ...M],
      ['db1', [2], [1, 2]],
    ],
  ],
  ['JavaScript', '{ dW1: [ [ 1, -2 ], [ 0.5, 4 ] ] }', [['dW1', ...M]]],
  ['Go', '[[1 -2] [0.5 4]]', [[undefined, ...M]]],
  ['Fortran', 'dW1 = 1.5D-03 -2.0D+00', [['dW1', [2], [1.5e-3, -2]]]],
  ['CSV with headers', 'w1,w2\n1,-2\n0.5,4\n', [[undefined, ...M]]],
  [
    'TSV, and a name on a line of its own',
    'dW1\n1\t-2\n0.5\t4\n\ndb1:\n1\t2\n',
    [
      ['dW1', ...M],
      ['db1', [1, 2], [1, 2]],
    ],
  ],
  ['semicolons', '1;-2\n0.5;4', [[undefined, ...M]]],
  ['a typographic minus', 'dW1 = [[1, −2], [0.5, 4]]', [['dW1', ...M]]],
  [
    'names of several words, of Greek letters, with indices',
    'Layer 1 weights: [[1, -2], [0.5, 4]]\n∂L/∂b1 = [1, 2]\nJ 0.25\ngrad of W[2] [3.0]',
    [
      ['Layer 1 weights', ...M],
      ['∂L/∂b1', [2], [1, 2]],
      ['J', [], [0.25]],
      ['grad of W[2]', [1], [3]],
    ],
  ],
  [
    'lines of a log are nothing',
    'Training with rate 0.1\nOptimizer: adam\nEpoch 10/100, loss: 0.5 (accuracy 0.9)\n[1.0, 2.0]\nDone.',
    [[undefined, [2], [1, 2]]],
  ],
];

for (const [program, text, expected] of prints)
  t.test(program, async (t) => {
    t.strictSame(read(text), expected);
  });

const faults: [text: string, sentence: RegExp][] = [
  ['dW1 = [[0.1, 0.2, ..., 0.3]]', /^dW1 is cut off: it has "\.\.\." in place of numbers\. Print all of it/],
  ["{'dW1': array([[0., 0., ..., 0.],\n       ...,\n", /^dW1 is cut off/],
  ['tensor([[1.],\n        [1.],\n        ...,\n        [1.]])', /^An array is cut off/],
  ['dW1 =\n 0.1 … 0.2\n', /^dW1 is cut off/],
  ['dW1\n     [,1]\n[1,]    1\n [ reached getOption("max.print") -- omitted 5 rows ]', /^dW1 is cut off/],
  ['dW1 = [[0.1, 0.2], [0.3', /^The text ends within an array in dW1: a closing bracket is missing/],
  ['{"dW1": [1, 2]', /^The text ends within an array/],
  ['dW1 = [[0.1, zwei]]', /^Expected numbers in dW1, got: zwei\]\]/],
  ['[[0.1, "a"]]', /^Expected numbers, got: "a"/],
  ['{"a" 1}', /^Expected numbers, got: "a" 1\}/],
  ['0.1 | 0.2 | 0.3', /^Expected numbers, got: 0\.1 \| 0\.2/],
  ['hello', /^No numbers found/],
  ['', /^No numbers found/],
  ['s = \n  W: [2×2 double]\n', /^"W: \[2×2 double\]" is the size of an array/],
  ['0,5;0,25\n1,5;2,5', /^"0,5;0,25" has decimal commas/],
  ['dW1 = []', /^dW1 has no numbers/],
  ['dW1 = [[1, 2], [3]]', /^The rows of dW1 differ in length: row 2 has 1 numbers, row 1 has 2/],
  ['[[1, 2], [3]]', /^The rows of an array differ/],
  ['W1.grad None', /^W1\.grad is None: the gradient has not been computed yet/],
  ['W1.grad: None', /^W1\.grad is None/],
  ['dW1 = [[1, nan]]', /^dW1 contains NaN/],
  ['[[1, 2], ("a", 3)]', /^Expected numbers, got: "a"/],
  ['dW1 = array()', /^dW1 has no numbers/],
  ['[1, null]', /^1 is None/],
  ['[1, -inf]', /^1 contains -Infinity/],
];

for (const [text, sentence] of faults) t.match(faultOf(text), sentence, JSON.stringify(text));
