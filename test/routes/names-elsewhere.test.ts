// Names of other libraries, and misspelt ones: each error says what the name is here, or suggests nothing.
import t from 'tap';
import { post, startApp } from '../support/app.ts';
import { checkTexts, withValue } from '../support/refusals.ts';

/** Requests with a name in each place that has names. */
const places: Record<string, (name: string) => object> = {
  activation: (name) => withValue('/network/layers/0/activation', name),
  loss: (name) => withValue('/loss', name),
  reduction: (reduction) => withValue('/loss', { type: 'l1', reduction }),
  samples: (name) => withValue('/batch/samples', name),
  include: (name) => withValue('/include', [name]),
  approximate: (approximate) => withValue('/network/layers/0/activation', { type: 'gelu', approximate }),
};

/** What the error says after the name, with the names for which it says so. */
const texts: Record<string, Record<string, string>> = {
  activation: {
    ': it is identity here': 'linear Linear nn.Identity() none None null purelin activation_linear layer_activation_linear',
    ': it is tanh here': 'Tanh torch.tanh tansig tanhLayer TANH keras.activations.tanh',
    ': it is sigmoid here': 'Sigmoid nn.Sigmoid logistic logsig sigmoidLayer tf.math.sigmoid F.sigmoid expit σ',
    ': it is relu here':
      'ReLU relu_ nn.ReLU() torch.nn.functional.relu F.relu reluLayer poslin torch::nnf_relu Rectifier tf.nn.relu',
    ': it is relu6 here': 'ReLU6 tf.nn.relu6 nn_relu6',
    ': it is leaky_relu here':
      'LeakyReLU leakyrelu leaky-relu nn.LeakyReLU(0.1) leakyReluLayer layer_activation_leaky_relu lrelu',
    ': it is elu here': 'ELU eluLayer nn.ELU(alpha=1.0)',
    ': it is selu here': 'SELU keras.activations.selu',
    ': it is celu here': 'CELU jax.nn.CELU',
    ': it is gelu here': 'GELU geluLayer',
    ': it is {"type":"gelu","approximate":"tanh"} here': 'gelu_tanh gelu_new GELUTanh gelu_pytorch_tanh',
    ': it is silu here': 'swish Swish SiLU swishLayer jax.nn.swish tf.nn.SiLU',
    ': it is mish here': 'Mish nn.Mish',
    ': it is softplus here': 'Softplus soft_plus softplusLayer',
    ': it is softsign here': 'Softsign soft_sign elliotsig',
    ': it is hardtanh here': 'Hardtanh hard_tanh satlins',
    ': it is {"type":"hardtanh","min_val":0} here': 'satlin',
    ': it is {"type":"hardtanh","min_val":0} here, its ceiling is max_val': 'clippedReluLayer',
    ': it is hardsigmoid here': 'Hardsigmoid hard_sigmoid',
    ': it is hardswish here': 'Hardswish hard_swish hard_silu h_swish',
    ': it is logsigmoid here': 'LogSigmoid log_sigmoid',
    ': it is tanhshrink here': 'Tanhshrink tanh_shrink',
    ': it is softshrink here': 'Softshrink soft_shrink',
    ': it is hardshrink here': 'Hardshrink hard_shrink',
    ': it is exp here': 'exponential Exp',
    ': it is softmax here': 'Softmax softmaxLayer tf.nn.softmax(logits)',
    ': it is log_softmax here': 'LogSoftmax logsoftmax F.log_softmax',
    ', nearest is "relu"': 'rellu reul',
    ', nearest is "tanh"': 'tnah tanhh tan',
    ', nearest is "sigmoid"': 'sigmiod sigmoidd igmoid',
    ', nearest is "leaky_relu"': 'leakyreul leaky_rellu',
    ', nearest is "swish", which is silu here': 'swiish',
    ', nearest is "satlin", which is {"type":"hardtanh","min_val":0} here': 'satln',
    ', nearest is "selu" or "silu"': 'slu',
    '':
      'prelu PReLU rrelu glu GLU swiglu maxout crelu threshold softmin hardmax sparsemax sin cos gaussian step radbas tribas hardlim ' +
      'compet squareplus snake relu7 hardmish MultiheadAttention cross_entropy mse xyz + preluLayer nn.PReLU()',
  },
  loss: {
    ': it is mse here':
      'MSELoss mse_loss MSE F.mse_loss mean_squared_error MeanSquaredError loss_mean_squared_error nnf_mse_loss',
    ': it is mse here, without a factor 1/2': 'l2_loss optax.l2_loss L2 regressionLayer',
    ': it is {"type":"mse","reduction":"sum"} here': 'sse',
    ': it is l1 here': 'L1Loss l1_loss L1 mae MAE mean_absolute_error MeanAbsoluteError absolute_error',
    ': it is log_cosh here': 'LogCosh logcosh optax.logcosh',
    ': it is smooth_l1 here': 'SmoothL1Loss smooth_l1_loss',
    ': it is huber here': 'HuberLoss huber_loss Huber',
    ': it is binary_cross_entropy here': 'BinaryCrossentropy binary_crossentropy',
    ': it is binary_cross_entropy here, on probabilities, after sigmoid': 'BCELoss bce',
    ': it is binary_cross_entropy_with_logits here, on logits: leave out the last sigmoid':
      'BCEWithLogitsLoss sigmoid_cross_entropy_with_logits optax.sigmoid_binary_cross_entropy binomial',
    ': it is cross_entropy here':
      'CrossEntropyLoss crossentropy cross-entropy softmax_cross_entropy_with_logits optax.softmax_cross_entropy',
    ': it is cross_entropy here, on logits: leave out the last softmax': 'categorical_crossentropy CategoricalCrossentropy',
    ': it is cross_entropy here, with class indices as targets, and on logits: leave out a last softmax':
      'sparse_categorical_crossentropy SparseCategoricalCrossentropy softmax_cross_entropy_with_integer_labels indexcrossentropy',
    ': it is cross_entropy here, on logits, without a last softmax; for two classes and one output, binary_cross_entropy_with_logits':
      'log_loss',
    ': it is nll here': 'NLLLoss nll_loss F.nll_loss',
    ': it is kl_div here': 'KLDivLoss kl_div_loss',
    ': it is kl_div here, on log-probabilities': 'KLDivergence kullback_leibler_divergence kld',
    ': it is poisson_nll here': 'PoissonNLLLoss poisson_nll_loss',
    ': it is poisson_nll here, on the logarithms of rates; on rates with "log_input": false': 'Poisson log_poisson_loss',
    ': it is soft_margin here': 'SoftMarginLoss',
    ': it is hinge here': 'Hinge hinge_loss',
    ': it is squared_hinge here': 'SquaredHinge squaredhinge',
    ', nearest is "cross_entropy"': 'cross_entropi crossentropyy',
    ', nearest is "huber"': 'hubber',
    ', nearest is "mse"': 'mes',
    '':
      'rmse mape msle cosine_similarity TripletMarginLoss triplet_margin_loss CTCLoss ctc GaussianNLLLoss MultiMarginLoss ' +
      'MultiLabelMarginLoss HingeEmbeddingLoss CosineEmbeddingLoss MarginRankingLoss categorical_hinge dice focal quantile pinball ' +
      'perceptron epsilon_insensitive modified_huber tweedie l3 relu tanh foo',
  },
  reduction: {
    ': it is mean here': 'Mean average elementwise_mean sum_over_batch_size auto',
    ': it is sum here': 'SUM total',
    ': it is batchmean here': 'batch_mean batch-size',
    ': for the loss of each sample, write "include": ["per_sample_losses"]': 'none None no',
    ', nearest is "batchmean"': 'bacthmean',
    '': 'median max min',
  },
  samples: { ': it is columns here': 'cols column CB', ': it is rows here': 'row BC batch_first' },
  include: {
    ': it is outputs here': 'predictions y_pred output',
    ': it is input_gradients here': 'grad_input dX',
    ': it is per_sample_losses here': 'losses per_sample_loss',
    ': it is per_sample_gradients here': 'per_sample_grads grad_sample',
    ': it is gradient_norms here': 'grad_norm norms',
    ': it is per_sample_gradient_norms here': 'per_sample_norms per-sample-grad-norms',
    ': it is per_sample_gradient_norms here, which are not squared': 'batch_l2',
    ': it is squared_gradients here': 'sum_grad_squared squared_grads',
    ': it is trace here': 'activations',
    ': it is trace here, its slopes are the derivatives of the activations': 'slopes derivatives',
    ': the answer has it whenever the request has a penalty': 'penalty',
    ': the answer always has it': 'loss gradients grads divisor',
    ', nearest is "outputs"': 'outptus',
    '': 'weights',
  },
  approximate: { ': it is none here': 'exact erf', ': it is tanh here': 'true' },
};

t.test('names', async (t) => {
  const app = await startApp();
  for (const [place, requestWith] of Object.entries(places))
    for (const [text, names] of Object.entries(texts[place]))
      for (const name of names.split(' ')) {
        const [{ detail }] = (await post(app, requestWith(name))).json().errors;
        t.equal(detail.replace(/^unknown \w+ "[^"]*"|; there are .*$/g, ''), text, `${place} ${name}`);
        t.match(detail, /; there are \w+, /, `${place} ${name}: lists the names`);
      }
});

const inLayer = (key: string, value: unknown = 1) => withValue(`/network/layers/0/${key}`, value);
const LAYER = '/network/layers/0';
const ACTIVATION = `${LAYER}/activation`;
const unknown = (key: string, rest: string) => `unknown key "${key}"${rest}`;
const inBatch = (key: string) => withValue(`/batch/${key}`, 1);
const inLoss = (type: string, key: string) => withValue('/loss', { type, [key]: 1 });

t.test('keys of other libraries, misspelt keys, and keys in a wrong place', (t) => {
  const cases: [document: object, pointer: string, text: string][] = [
    ...['W', 'weight', 'w', 'Weights'].map((key): [object, string, string] => [
      inLayer(key),
      `${LAYER}/${key}`,
      unknown(key, ': it is weights here'),
    ]),
    ...['kernel', 'coefs_'].map((key): [object, string, string] => [
      inLayer(key),
      `${LAYER}/${key}`,
      unknown(key, ': it is weights here, transposed if it is inputs x outputs'),
    ]),
    ...['b', 'bias', 'intercepts_', 'Bias'].map((key): [object, string, string] => [
      inLayer(key),
      `${LAYER}/${key}`,
      unknown(key, ': it is biases here'),
    ]),
    ...['act', 'activation_function', 'nonlinearity', 'transferFcn'].map((key): [object, string, string] => [
      inLayer(key),
      `${LAYER}/${key}`,
      unknown(key, ': it is activation here'),
    ]),
    [inLayer('units'), `${LAYER}/units`, unknown('units', ': the sizes follow from the weights')],
    [inLayer('wieghts'), `${LAYER}/wieghts`, unknown('wieghts', ', nearest is "weights"')],
    [inLayer('kernl'), `${LAYER}/kernl`, unknown('kernl', ', nearest is "kernel", which is weights here')],
    [inLayer('inputs'), `${LAYER}/inputs`, unknown('inputs', ': it belongs in batch')],
    [inLayer('foo'), `${LAYER}/foo`, unknown('foo', '')],
    ...['x', 'X', 'X_train', 'input', 'features'].map((key): [object, string, string] => [
      inBatch(key),
      `/batch/${key}`,
      unknown(key, ': it is inputs here'),
    ]),
    ...['y', 'labels', 'y_true', 'target', 'label'].map((key): [object, string, string] => [
      inBatch(key),
      `/batch/${key}`,
      unknown(key, ': it is targets here'),
    ]),
    [inBatch('sample_weight'), '/batch/sample_weight', unknown('sample_weight', ': it is sample_weights here')],
    [withValue('/x', 1), '/x', unknown('x', ': it is inputs here, in batch')],
    [withValue('/layers', 1), '/layers', unknown('layers', ': it belongs in network')],
    [withValue('/weights', 1), '/weights', unknown('weights', ': it belongs in network.layers[k]')],
    [withValue('/reduction', 'sum'), '/reduction', unknown('reduction', ': it belongs in loss')],
    [withValue('/batch/include', []), '/batch/include', unknown('include', ': it belongs at the top')],
    [withValue('/criterion', 'mse'), '/criterion', unknown('criterion', ': it is loss here')],
    [withValue('/a', 1), '/a', unknown('a', '')],
    [inLayer('slope'), `${LAYER}/slope`, unknown('slope', '')],
    [
      inLayer('negative_slope'),
      `${LAYER}/negative_slope`,
      unknown('negative_slope', ': it belongs in network.layers[k].activation'),
    ],
    ...['weight_decay', 'lambda', 'L2Regularization'].map((key): [object, string, string] => [
      withValue(`/${key}`, 1),
      `/${key}`,
      unknown(key, ': it is l2 here, in penalty, on weights, and with "biases": true also on biases'),
    ]),
    [withValue('/l1', 1), '/l1', unknown('l1', ': it belongs in penalty')],
    [withValue('/regularization', {}), '/regularization', unknown('regularization', ': it is penalty here')],
    [
      inLayer('kernel_regularizer'),
      `${LAYER}/kernel_regularizer`,
      unknown('kernel_regularizer', ': it is penalty here, at the top, and l2(f) of Keras is {"l2": 2 * f}'),
    ],
    [inLoss('mse', 'l2'), '/loss/l2', unknown('l2', ' of mse: it belongs in penalty')],
    [inLoss('mse', 'penalty'), '/loss/penalty', unknown('penalty', ' of mse: it belongs at the top')],
    [
      inLoss('mse', 'weight_decay'),
      '/loss/weight_decay',
      unknown('weight_decay', ' of mse: it is l2 here, in penalty, on weights, and with "biases": true also on biases'),
    ],
    [inLoss('mse', 'lambda'), '/loss/lambda', unknown('lambda', ' of mse')],
    [withValue('/penalty', { bias: true }), '/penalty/bias', unknown('bias', ': it is biases here')],
    [
      withValue('/kernel', 1),
      '/kernel',
      unknown('kernel', ': it is weights here, in network.layers[k], transposed if it is inputs x outputs'),
    ],
    [withValue('/learning_rate', 1), '/learning_rate', unknown('learning_rate', '')],
    [withValue('/', 1), '/', unknown('', '')],
    [inLoss('huber', 'beta'), '/loss/beta', unknown('beta', ' of huber: it is delta here')],
    [
      inLoss('cross_entropy', 'class_weight'),
      '/loss/class_weight',
      unknown('class_weight', ' of cross_entropy: it is weight here'),
    ],
    [inLoss('mse', 'inputs'), '/loss/inputs', unknown('inputs', ' of mse')],
    [
      inLayer('activation', { type: 'leaky_relu', alpha: 0.2 }),
      `${ACTIVATION}/alpha`,
      unknown('alpha', ' of leaky_relu: it is negative_slope here'),
    ],
    [
      inLayer('activation', { type: 'softmax', dim: 1 }),
      `${ACTIVATION}/dim`,
      unknown('dim', ' of softmax: softmax and log_softmax are over the units of a sample'),
    ],
  ];
  return checkTexts(t, Object.fromEntries(cases.map(([document, pointer, text]) => [pointer, [document, { [pointer]: text }]])));
});

t.test('objects with an unknown type, and options that are names', (t) =>
  checkTexts(t, {
    'the options of a loss with an alias': [
      withValue('/loss', { type: 'HuberLoss', reduction: 'none', beta: 2 }),
      {
        '/loss/type': 'unknown loss "HuberLoss": it is huber here',
        '/loss/beta': 'unknown key "beta" of huber: it is delta here',
        '/loss/reduction': 'unknown name "none": for the loss of each sample, write "include": ["per_sample_losses"]',
      },
    ],
    'an alias with options': [
      withValue(ACTIVATION, { type: 'gelu_tanh', approx: true }),
      {
        [`${ACTIVATION}/type`]: 'unknown activation "gelu_tanh": it is {"type":"gelu","approximate":"tanh"} here',
        [`${ACTIVATION}/approx`]: 'unknown key "approx" of gelu: it is approximate here',
      },
    ],
    'a type without a counterpart': [
      withValue(ACTIVATION, { type: 'PReLU', init: 0.25 }),
      { [`${ACTIVATION}/type`]: 'unknown activation "PReLU"' },
    ],
    'true for a name': [
      withValue(ACTIVATION, { type: 'gelu', approximate: true }),
      { [`${ACTIVATION}/approximate`]: 'expected a name (none, tanh), got true: it is tanh here' },
    ],
    'true for a name that it is no alias of': [
      withValue('/batch/samples', true),
      { '/batch/samples': 'expected a name (rows, columns), got true' },
    ],
    'another key for the type': [
      withValue('/loss', { reduction: 'sum', name: 'mse' }),
      {
        '/loss/type':
          'expected a name (mse, l1, log_cosh, smooth_l1, huber, binary_cross_entropy, binary_cross_entropy_with_logits, ' +
          'cross_entropy, nll, kl_div, poisson_nll, soft_margin, hinge, squared_hinge), but the key is missing: write "type" in place of "name"',
      },
    ],
  }),
);
