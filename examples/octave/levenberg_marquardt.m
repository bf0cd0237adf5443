% A 1-3-1 network learns a curve by the steps of Levenberg and Marquardt.
% The service computes the steps, and the loss after each.
%
%   octave-cli levenberg_marquardt.m

damping = 1e-3;
% With less, a matrix that is singular would be refused.
least = 1e-12;
steps = 100;
% Ends when a step lowers the loss by less than this part of it.
tolerance = 1e-10;

network.layers = {
  struct('weights', [1; 1; 1], 'biases', [-1.5 0 1.5], 'activation', 'tanh')
  struct('weights', [-1 1 -1], 'biases', 0)
};
% One sample per row.
x = (0:40)' / 10 - 2;
batch = struct('inputs', x, 'targets', sin(2 * x) + 0.1 * cos(17 * x));

for number = 1:steps
  request = struct('network', network, 'batch', batch, 'matrix', 'gauss_newton');
  request.loss = struct('type', 'mse', 'reduction', 'sum');
  % Shorter and shorter steps: the first one that lowers the loss is taken.
  request.damping = damping * 10 .^ (0:7);
  answer = gradients(request, 'hessian');
  loss = answer.loss;
  fprintf('step %d: loss %.17g\n', number - 1, loss);
  % Steps are a cell if they differ in their fields: one has no loss if that is not finite.
  candidates = answer.steps;
  if isstruct(candidates)
    candidates = num2cell(candidates);
  end
  lower = cellfun(@(step) isfield(step, 'loss') && step.loss < loss, candidates);
  if ~any(lower)
    break
  end
  step = candidates{find(lower, 1)};
  for k = 1:numel(network.layers)
    change = step.step(k);
    for name = fieldnames(change)'
      values = network.layers{k}.(name{1});
      % A list is a column here, whatever it was.
      network.layers{k}.(name{1}) = values + reshape(change.(name{1}), size(values));
    end
  end
  damping = max(step.damping / 10, least);
  if loss - step.loss < tolerance * loss
    loss = step.loss;
    break
  end
end
fprintf('loss at the end: %.17g\n', loss);
