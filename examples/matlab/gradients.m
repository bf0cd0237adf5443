% GRADIENTS  The gradients of a network, from a gradient service, with MATLAB R2020a or later.
% The tests do not run this example: MATLAB cannot be installed where they run.
%
%   answer = gradients(request)
%   answer = gradients(request, operation)
%
% In the request, a struct, network.layers is a cell of structs, weights, inputs and targets are matrices, biases vectors; wrap
% a list of classes in num2cell. The answer has its loss, its gradients (a cell of structs), its divisor, and what the
% request includes. The operation is any of the service, such as 'hessian'.
%
% While the service is busy or the connection breaks, this waits (as long as Retry-After says, and a random time that
% grows) and tries again.
%
% GRADIENTS_URL, GRADIENTS_API_KEY: of the service
% GRADIENTS_TIMEOUT: seconds for which the service may be silent (300)
% GRADIENTS_RETRY_TIME: seconds for which a busy service is asked again, counted from the first failure (120)
function answer = gradients(request, operation)
  if nargin < 2
    operation = 'gradients';
  end
  service = regexprep(from_environment('GRADIENTS_URL', 'http://127.0.0.1:3000'), '/+$', '');
  timeout = str2double(from_environment('GRADIENTS_TIMEOUT', '300'));
  retry_time = str2double(from_environment('GRADIENTS_RETRY_TIME', '120'));
  fields = matlab.net.http.HeaderField('Content-Type', 'application/json');
  if ~isempty(getenv('GRADIENTS_API_KEY'))
    fields(end + 1) = matlab.net.http.HeaderField('Authorization', ['Bearer ' getenv('GRADIENTS_API_KEY')]);
  end
  body = matlab.net.http.MessageBody();
  body.Payload = unicode2native(jsonencode(with_lists(request)), 'UTF-8');
  post = matlab.net.http.RequestMessage('POST', fields, body);
  options = matlab.net.http.HTTPOptions('ConnectTimeout', 10, 'ResponseTimeout', timeout, 'DataTimeout', timeout, ...
    'ConvertResponse', false);
  % A stream of its own: that of rand starts with the same numbers in every MATLAB.
  random = RandStream('mt19937ar', 'Seed', 'shuffle');

  first_failure = [];
  backoff = 0.5;
  while true
    wait = backoff * rand(random);
    limit = retry_time;
    try
      response = post.send([service '/' operation], options);
      status = double(response.StatusCode);
      text = native2unicode(response.Body.Payload(:)', 'UTF-8');
      if status == 200
        break
      end
      failure = MException('gradients:refused', '%s', explain(service, response, text));
      if ~any(status == [429 502 503])
        limit = -1;
      end
      wait = wait + seconds_to_wait(response);
    catch problem
      failure = MException('gradients:connection', 'no answer from %s: %s', service, problem.message);
      if contains(problem.identifier, 'Timeout')
        limit = -1;
      else
        % A restart takes less.
        limit = min(limit, 10);
      end
    end
    if isempty(first_failure)
      first_failure = tic;
    end
    if toc(first_failure) + wait > limit
      throw(failure);
    end
    pause(wait);
    backoff = min(2 * backoff, 10);
  end
  answer = jsondecode(text);
  if isfield(answer, 'gradients') && isstruct(answer.gradients)
    answer.gradients = num2cell(answer.gradients);
  end
end

function value = from_environment(name, default)
  value = getenv(name);
  if isempty(value)
    value = default;
  end
end

% Seconds to wait, by Retry-After; without it, 0.
function seconds = seconds_to_wait(response)
  field = response.getFields('Retry-After');
  seconds = 0;
  if ~isempty(field) && ~isnan(str2double(field.Value))
    seconds = str2double(field.Value);
  end
end

% The service answers errors by a problem document (RFC 9457), a proxy by something else.
function text = explain(service, response, text)
  type = response.getFields('Content-Type');
  if isempty(type) || ~startsWith(type.Value, 'application/problem+json')
    text = sprintf('%s answered %d', service, double(response.StatusCode));
    return
  end
  problem = jsondecode(text);
  text = [problem.title ': ' problem.detail];
  if isfield(problem, 'errors')
    for k = 1:numel(problem.errors)
      text = [text sprintf('\n  %s: %s', problem.errors(k).pointer, problem.errors(k).detail)];
    end
  end
end

% A request whose matrices are lists of lists. jsonencode alone would turn a matrix with one row into a flat
% list, and a vector with one element into a number.
function request = with_lists(request)
  for k = 1:numel(request.network.layers)
    layer = request.network.layers{k};
    layer.weights = to_rows(layer.weights);
    if isfield(layer, 'biases')
      layer.biases = num2cell(layer.biases);
    end
    request.network.layers{k} = layer;
  end
  request.batch.inputs = to_rows(request.batch.inputs);
  if isfield(request.batch, 'targets')
    request.batch.targets = to_rows(request.batch.targets);
  end
end

function rows = to_rows(matrix)
  rows = cellfun(@num2cell, num2cell(matrix, 2), 'UniformOutput', false);
end
