// What other libraries (PyTorch, Keras, TensorFlow, JAX, MATLAB, scikit-learn, R, Flux) call the names of this service, for error
// texts. Words are in lower case, without punctuation, and without words such as "loss" or "layer" around them.
import { type ActivationName, type ActivationOptions, activations } from './activation.ts';
import { Batch } from './batch.ts';
import type { HessianRequest, HvpRequest } from './curvature.ts';
import type { JacobianRequest, JvpRequest, VjpRequest } from './derivatives.ts';
import { type Extra, GradientsRequest } from './gradients.ts';
import { type LossName, type LossOptions, losses, type Reduction, sharedLossOptions } from './loss.ts';
import { namesOf } from './names.ts';
import type { Layer } from './network.ts';
import type { Penalty } from './penalty.ts';

/** A name of this service; as an object, with its options. */
type Meant<Name extends string> = Name | { readonly type: Name; readonly [option: string]: unknown };

/** What a word means here; undefined if it has no counterpart: then nothing is suggested, however similar a name is. */
export interface Meaning<Name extends string = string> {
  readonly meant: Meant<Name> | undefined;
  /** What else to change, or what to do instead. */
  readonly note: string;
}

/** The meanings of words. A word may have several as a key: the first one that its object has counts. */
export type Aliases = ReadonlyMap<string, readonly Meaning[]>;

/** A meaning, its words, separated by spaces, and a note. */
type Row<Name extends string> = readonly [meant: Meant<Name> | undefined, words: string, note?: string];

function aliases<Name extends string>(rows: readonly Row<Name>[]): Aliases {
  const found = new Map<string, Meaning[]>();
  for (const [meant, words, note = ''] of rows)
    for (const word of words.split(' ')) found.set(word, [...(found.get(word) ?? []), { meant, note }]);
  return found;
}

const ofActivations = aliases<ActivationName>([
  ['identity', 'linear none null no noop pass passthrough purelin id ident lin linout raw'],
  ['tanh', 'tansig hyperbolictangent tanhyp hyptan htan'],
  ['sigmoid', 'logistic logsig sigm sig expit logisticsigmoid sigmoidal σ'],
  ['relu', 'rectifier rectified rectify rectifiedlinear rectifiedlinearunit ramp poslin rect rectlin positivepart'],
  ['relu6', 'rectifier6 rectifiedlinear6'],
  ['leaky_relu', 'lrelu leaky leakyrectifier leakyrectify leakyrectifiedlinear leakyrectifiedlinearunit'],
  ['elu', 'exponentiallinear exponentiallinearunit'],
  ['selu', 'scaledelu scaledexponentiallinear scaledexponentiallinearunit'],
  ['celu', 'continuouslydifferentiableelu continuouslydifferentiableexponentiallinearunit'],
  ['gelu', 'gaussianerrorlinear gaussianerrorlinearunit geluexact gelupython geluerf'],
  [
    { type: 'gelu', approximate: 'tanh' },
    'gelutanh gelunew gelufast geluapprox geluapproximate approximategelu gelupytorchtanh tanhgelu',
  ],
  ['silu', 'swish swish1 sigmoidlinearunit sigmoidweightedlinearunit'],
  ['mish', 'selfregularizednonmonotonic'],
  ['softplus', 'smoothrelu softrelu softrectifier log1pexp'],
  ['softsign', 'elliot elliotsig elliotsigmoid elliotsymmetric'],
  ['hardtanh', 'htanh satlins hardhyperbolictangent'],
  ['hardtanh', 'clip clamp', 'its bounds are min_val and max_val'],
  [{ type: 'hardtanh', min_val: 0 }, 'satlin saturatinglinear relu1 hardrelu'],
  [{ type: 'hardtanh', min_val: 0 }, 'clippedrelu cappedrelu boundedrelu', 'its ceiling is max_val'],
  ['hardsigmoid', 'hsigmoid hardlogistic hardsig hardσ'],
  ['hardswish', 'hswish hardsilu hsilu'],
  ['logsigmoid', 'loglogistic logσ'],
  ['tanhshrink', 'tanhshrinkage'],
  ['softshrink', 'softshrinkage softthreshold softthresholding'],
  ['hardshrink', 'hardshrinkage hardthreshold hardthresholding'],
  ['exp', 'exponential'],
  ['softmax', 'softargmax normalizedexponential softmaximum'],
  ['log_softmax', 'logsoftmaximum logprobabilities'],
  [
    undefined,
    'prelu parametricrelu parametricleakyrelu rrelu randomizedrelu randomizedleakyrelu glu gatedlinearunit geglu swiglu reglu bilinear ' +
      'crelu concatrelu maxout threshold thresholdrelu thresholdedrelu srelu erelu pelu frelu drelu aprelu nrelu relun relu2 ' +
      'relusquared squaredrelu hardmax hardlim hardlims compet sparsemax sparseplus sparsesigmoid entmax softmin logsoftmin softmax2d ' +
      'sin sine siren cos cosine sinc sinh cosh asinh acosh atanh atan arctan gaussian gauss gcu rbf radbas radbasn tribas ' +
      'squareplus snake step heaviside binarystep sign sgn signum lisht smish logish serf phish tanhexp bentidentity sqnl isru ' +
      'isrlu elliot2sig netinv hardmish hardelu hardgelu laplace quickgelu gelu10 logit probit cloglog cauchit square abs sqrt ' +
      'log log1p reciprocal dropout batchnorm layernorm multiheadattention adaptivelogsoftmax shrink',
  ],
]);

const ON_LOGITS = 'on logits: leave out the last softmax';

const ofLosses = aliases<LossName>([
  [
    'mse',
    'meansquarederror meansquareerror squarederror meansquared squared square quadratic leastsquares leastsquareserror ls ols ' +
      'gaussian meansquarederrorregression',
  ],
  ['mse', 'l2 halfmse halfmeansquarederror halfsquarederror euclidean regression', 'without a factor 1/2'],
  [
    { type: 'mse', reduction: 'sum' },
    'sse sumsquarederror sumsquarederrors sumofsquarederrors sumofsquares sumsquares rss residualsumofsquares',
  ],
  [
    'l1',
    'mae meanabsoluteerror absoluteerror absolutedifference meanabsolute absolute absolutedeviation leastabsolutedeviations lad manhattan laplace',
  ],
  [{ type: 'l1', reduction: 'sum' }, 'sae sumabsoluteerror sumofabsoluteerrors'],
  ['log_cosh', 'logcosherror loghyperboliccosine'],
  ['smooth_l1', 'smoothl1error smoothedl1 smoothmae smoothabsolute smoothabsoluteerror'],
  ['huber', 'hubererror huberregression'],
  ['binary_cross_entropy', 'bce binaryxent binaryce binarylog', 'on probabilities, after sigmoid'],
  [
    'binary_cross_entropy_with_logits',
    'bcewithlogits bcelogits bcelogit sigmoidcrossentropy sigmoidcrossentropywithlogits sigmoidbinarycrossentropy ' +
      'logitbinarycrossentropy logistic binarylogistic binomial bernoulli multilabelsoftmargin sigmoidbce',
    'on logits: leave out the last sigmoid',
  ],
  [
    'binary_cross_entropy_with_logits',
    'weightedcrossentropywithlogits weightedsigmoidcrossentropy',
    'the weight of positives is pos_weight',
  ],
  [
    'cross_entropy',
    'ce xent mcxent multinomial multiclasscrossentropy classification entropy categoricalcrossentropy softmax',
    ON_LOGITS,
  ],
  [
    'cross_entropy',
    'softmaxcrossentropy softmaxcrossentropywithlogits softmaxcrossentropywithlogitsv2 crossentropywithlogits logitcrossentropy ' +
      'softmaxwith',
  ],
  [
    'cross_entropy',
    'sparsecategoricalcrossentropy sparsecrossentropy indexcrossentropy sparsesoftmaxcrossentropy ' +
      'sparsesoftmaxcrossentropywithlogits softmaxcrossentropywithintegerlabels',
    'with class indices as targets, and on logits: leave out a last softmax',
  ],
  [
    'cross_entropy',
    'log logloss deviance',
    'on logits, without a last softmax; for two classes and one output, binary_cross_entropy_with_logits',
  ],
  ['nll', 'negativeloglikelihood negloglikelihood loglikelihood', 'on log-probabilities, after log_softmax'],
  ['kl_div', 'kl kld kldivergence kullbackleibler kullbackleiblerdivergence relativeentropy', 'on log-probabilities'],
  [
    'poisson_nll',
    'poisson poissonregression logpoisson poissondeviance poissonnegativeloglikelihood',
    'on the logarithms of rates; on rates with "log_input": false',
  ],
  ['soft_margin', 'logisticmargin'],
  ['hinge', 'binaryhinge svm linearsvm maxmargin', 'targets are -1 and 1'],
  ['squared_hinge', 'hinge2 l2svm squaredsvm quadratichinge sqhinge', 'targets are -1 and 1'],
  [
    undefined,
    'rmse rootmeansquarederror rootmeansquare mape meanabsolutepercentageerror msle meansquaredlogarithmicerror squaredlogerror rmsle ' +
      'smape mbe mie mre mpe mde mle medianabsoluteerror quantile pinball tweedie gamma exponential modifiedhuber pseudohuber ' +
      'perceptron epsiloninsensitive squaredepsiloninsensitive categoricalhinge multimargin multilabelmargin multiclasshinge ' +
      'crammersinger tripletmargin tripletmarginwithdistance triplet tripletsemihard tripletsemihardloss contrastive cosineembedding ' +
      'cosinesimilarity cosineproximity cosinedistance cosine hingeembedding marginranking ranking gaussiannll ctc rnnt focal ' +
      'binaryfocalcrossentropy categoricalfocalcrossentropy sigmoidfocal sigmoidfocalcrossentropy dice tversky iou jaccard wasserstein nce ' +
      'infonce ntxent sampledsoftmax center arcface charbonnier tukey cauchy adaptivelogsoftmaxwith jsd jensenshannon ordinal crf ' +
      'elbo accuracy r2',
  ],
]);

const ofReductions = aliases<Reduction>([
  [
    'mean',
    'elementwisemean average avg auto sumoverbatchsize meanwithsampleweight sumbynonzeroweights allelements globalmean true',
  ],
  ['sum', 'total add added summed'],
  ['batchmean', 'batchsize batchaverage meanbatch meanoverbatch meanoversamples samplemean'],
  [
    undefined,
    'none no false unreduced noreduction elementwise',
    'for the loss of each sample, write "include": ["per_sample_losses"]',
  ],
  [undefined, 'median max min prod product norm std var'],
]);

const ofLayouts = aliases<NonNullable<Batch['samples']>>([
  ['rows', 'row rowmajor rowwise byrow batchfirst samplesfirst bc bf nc nf'],
  ['columns', 'column cols col columnmajor columnwise bycolumn featuresfirst channelsfirst cb fb cn fn'],
]);

const ofExtras = aliases<Extra>([
  ['outputs', 'output predictions prediction predict pred preds ypred yhat logits probabilities scores forward y'],
  ['input_gradients', 'inputgradient inputgrads inputgrad gradinput gradinputs gradientsinputs dx dinputs gradx xgrad saliency'],
  ['per_sample_losses', 'persampleloss losses unreduced lossespersample losspersample perexamplelosses sampleloss samplelosses'],
  [
    'per_sample_gradients',
    'persamplegradient persamplegrads persamplegrad perexamplegradients perexamplegrads gradsample samplegradients',
  ],
  ['per_sample_gradient_norms', 'persamplegradientnorm persamplegradnorms persamplenorms samplenorms gradnormspersample'],
  ['per_sample_gradient_norms', 'batchl2', 'which are not squared'],
  ['squared_gradients', 'squaredgradient squaredgrads sumgradsquared sumsquaredgradients gradsquared secondmoments'],
  ['trace', 'slopes slope derivatives derivative activationderivatives', 'its slopes are the derivatives of the activations'],
  [undefined, 'penalty regularization', 'the answer has it whenever the request has a penalty'],
  ['gradient_norms', 'gradientnorm gradnorm gradnorms gradsnorm norms norm'],
  ['trace', 'activations hidden intermediates intermediate preactivations deltas cache steps all everything'],
  [undefined, 'loss gradients gradient grads grad divisor dw db weightgradients', 'the answer always has it'],
]);

const ofApproximations = aliases<ActivationOptions<'gelu'>['approximate']>([
  ['none', 'false exact erf no'],
  ['tanh', 'true approximate approx yes'],
]);

type OptionOf<Options> = { [Name in keyof Options]: keyof Options[Name] }[keyof Options];

/** Every key of a request. */
type Key =
  | keyof GradientsRequest
  | keyof GradientsRequest['network']
  | keyof Layer
  | keyof Batch
  | OptionOf<{ [Name in ActivationName]: ActivationOptions<Name> }>
  | OptionOf<{ [Name in LossName]: LossOptions<Name> }>
  | keyof typeof sharedLossOptions
  | keyof Penalty
  | keyof VjpRequest
  | keyof JvpRequest
  | keyof JvpRequest['tangents']
  | keyof JacobianRequest
  | keyof HvpRequest
  | keyof HessianRequest
  | 'type';

const DECAY = 'on weights, and with "biases": true also on biases';
const TRANSPOSED = 'transposed if it is inputs x outputs';

/** The keys of other libraries. */
export const keyAliases = aliases<Key & string>([
  ['network', 'net nn model mlp architecture neuralnetwork parameters params statedict'],
  ['layers', 'layer hiddenlayers hidden blocks modules'],
  ['weights', 'weight w ws weightmatrix theta thetas iw lw'],
  ['weights', 'kernel kernels coef coefs coefficients', TRANSPOSED],
  ['biases', 'bias b bs intercept intercepts offset offsets biasvector'],
  [
    'activation',
    'act actfn actfct activations activationfn activationfunc activationfunction hiddenactivation f fn fun func function nonlinearity ' +
      'nonlin transfer transferfcn transferfunction',
  ],
  ['batch', 'data dataset minibatch traindata trainingdata'],
  ['inputs', 'x xs xtrain xdata xbatch input inputdata features feature data examples predictors'],
  [
    'targets',
    'y ys ytrue ytrain ydata ybatch target label labels expected truth groundtruth output outputs response responses t ts desired',
  ],
  ['classes', 'class classindex classindices classids labelindices'],
  ['sample_weights', 'weights weight w sampleweight instanceweights exampleweights observationweights'],
  ['samples', 'layout samplelayout orientation dataformat dataformats format batchfirst sampleaxis order'],
  [
    'loss',
    'losses lossfn lossfunc lossfunction lossname criterion objective cost costfn costfunction errfct errorfunction performfcn',
  ],
  ['include', 'includes included return returns want wanted extra extras'],
  ['type', 'name classname kind activation loss function fn method'],
  ['reduction', 'reduce sizeaverage normalization normalizationfactor agg'],
  ['negative_slope', 'alpha a slope leak leakiness scale'],
  ['alpha', 'a coefficient'],
  ['beta', 'delta transitionpoint sharpness'],
  ['delta', 'beta transitionpoint threshold'],
  ['lambd', 'lambda lam lmbda threshold bias'],
  ['min_val', 'min minvalue low lower lo floor a'],
  ['max_val', 'max maxvalue high upper hi ceiling b'],
  ['approximate', 'approximation approx'],
  ['pos_weight', 'posweights positiveweight scaleposweight weight weights'],
  ['weight', 'weights w classweight classweights'],
  ['label_smoothing', 'smoothing smooth labelsmooth eps epsilon'],
  ['ignore_index', 'ignore ignoreclass ignorelabel ignoreindices paddingidx'],
  ['log_target', 'logtargets'],
  ['log_input', 'loginputs'],
  ['full', 'computefullloss stirling'],
  ['eps', 'epsilon'],
  ['penalty', 'regularization regularisation regularizer regulariser regularizers regularizationloss reg elasticnet'],
  ['penalty', 'kernelregularizer weightregularizer biasregularizer', 'and l2(f) of Keras is {"l2": 2 * f}'],
  ['l2', 'weightdecay wd decay ridge l2penalty l2regularization l2reg l2lambda lambda lam lmbda', DECAY],
  ['l1', 'lasso l1penalty l1regularization l1reg l1lambda'],
  ['cotangents', 'cotangent gradoutputs gradoutput outputgradients outputgradient dy v u vector vectors adjoints'],
  ['tangents', 'tangent v directions direction vector vectors seeds'],
  ['vector', 'v vec p direction directions tangents tangent vectors'],
  ['parameters', 'params weights layers'],
  ['of', 'wrt argnums argnum withrespectto variables'],
  ['matrix', 'curvature method kind gaussnewton ggn'],
  ['damping', 'mu mus lambda lambdas lam dampings levenbergmarquardt ridge'],
  [undefined, 'fromlogits', 'cross_entropy and binary_cross_entropy_with_logits are on logits, the other losses are not'],
  [undefined, 'axis dim', 'softmax and log_softmax are over the units of a sample'],
  [undefined, 'inplace', 'leave it out'],
  [
    undefined,
    'units infeatures outfeatures inputsize outputsize inputdim outputdim inputshape size sizes layersizes hiddenlayersizes neurons nodes',
    'the sizes follow from the weights',
  ],
  [undefined, 'usebias hasbias', 'a layer without biases has no bias'],
  [undefined, 'lr learningrate optimizer epochs batchsize momentum dropout'],
]);

const NO_ALIASES: Aliases = new Map();

/** Enumerations are found by the list of their names. */
const byNames = new Map(
  (
    [
      [Object.keys(activations), ofActivations],
      [Object.keys(losses), ofLosses],
      [namesOf(sharedLossOptions.reduction), ofReductions],
      [namesOf(Batch.properties.samples), ofLayouts],
      [namesOf(GradientsRequest.properties.include.items), ofExtras],
      [namesOf(activations.gelu.options.approximate), ofApproximations],
    ] as const
  ).map(([names, found]) => [names.join(), found]),
);

/** The aliases of an enumeration. */
export function aliasesOf(names: readonly string[]): Aliases {
  return byNames.get(names.join()) ?? NO_ALIASES;
}
