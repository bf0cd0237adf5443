% Prints the gradients of the network of the article, with MATLAB R2020a or later.
% The tests do not run this example: MATLAB cannot be installed where they run.
%
%   matlab -batch article
network.layers = {
  struct('weights', 0.1 * ones(3, 2), 'biases', [0.1 0.1 0.1], 'activation', 'tanh')
  struct('weights', 0.1 * ones(3, 3), 'biases', [0.1 0.1 0.1], 'activation', 'tanh')
  struct('weights', 0.1 * ones(2, 3), 'biases', [0.1 0.1])
};
% One sample per column.
batch = struct('inputs', [3 2; 4 5], 'targets', [2 1; 2 2], 'samples', 'columns');
answer = gradients(struct('network', network, 'batch', batch, 'loss', 'mse'));

fprintf('loss: %.17g\n', answer.loss);
for k = 1:numel(answer.gradients)
  layer = answer.gradients{k};
  for name = fieldnames(layer)'
    fprintf('layer %d %s: %s\n', k - 1, name{1}, mat2str(layer.(name{1}), 17));
  end
end
fprintf('divisor: %.17g\n', answer.divisor);
