% Prints the gradients of the network of the article, or of the requests in JSON files.
%
%   octave-cli article.m
%   octave-cli article.m FILE...

network.layers = {
  struct('weights', 0.1 * ones(3, 2), 'biases', [0.1 0.1 0.1], 'activation', 'tanh')
  struct('weights', 0.1 * ones(3, 3), 'biases', [0.1 0.1 0.1], 'activation', 'tanh')
  struct('weights', 0.1 * ones(2, 3), 'biases', [0.1 0.1])
};
% One sample per column.
batch = struct('inputs', [3 2; 4 5], 'targets', [2 1; 2 2], 'samples', 'columns');
request = struct('network', network, 'batch', batch, 'loss', 'mse');

try
  requests = cellfun(@fileread, argv(), 'UniformOutput', false);
  if isempty(requests)
    requests = {request};
  end
  for number = 1:numel(requests)
    answer = gradients(requests{number});
    fprintf('loss: %.17g\n', answer.loss);
    for k = 1:numel(answer.gradients)
      layer = answer.gradients{k};
      for name = fieldnames(layer)'
        fprintf('layer %d %s: %s\n', k - 1, name{1}, mat2str(layer.(name{1}), 17));
      end
    end
    fprintf('divisor: %.17g\n', answer.divisor);
  end
catch problem
  fprintf(stderr, '%s\n', problem.message);
  exit(1);
end
