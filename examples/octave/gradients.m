% GRADIENTS  The gradients of a network, from a gradient service, with curl.
%
%   answer = gradients(request)
%   answer = gradients(request, operation)
%
% The request is a struct, or its JSON as a string. network.layers is a cell of structs, weights, inputs and targets
% are matrices, biases vectors; wrap a list of classes in num2cell. The answer has its loss, its gradients
% (a cell of structs), and what the request includes. Octave's jsondecode may get the last digit of a number wrong.
% The operation is any of the service, such as 'hessian'; of 'check', candidate.gradients is a cell of structs, too.
%
% While the service is busy or the connection breaks, this waits (as long as Retry-After says, and a random time that
% grows) and tries again. A timeout is not retried. Each try is a run of curl.
%
% GRADIENTS_URL, GRADIENTS_API_KEY: of the service
% GRADIENTS_TIMEOUT: seconds that one try may take, from connecting to the last byte of the answer (300)
% GRADIENTS_RETRY_TIME: seconds for which a busy service is asked again, counted from the first failure (120)
function answer = gradients(request, operation)
  if nargin < 2
    operation = 'gradients';
  end
  if ~ischar(request)
    request = jsonencode(with_lists(request));
  end
  service = regexprep(from_environment('GRADIENTS_URL', 'http://127.0.0.1:3000'), '/+$', '');
  retry_time = str2double(from_environment('GRADIENTS_RETRY_TIME', '120'));
  first_failure = [];
  backoff = 0.5;
  while true
    [code, status, head, text] = post(service, operation, request);
    if code == 0 && status == 200
      break
    end
    limit = retry_time;
    if any(code == [6 7])
      % There is no connection: a restart takes less.
      limit = min(limit, 10);
    elseif code == 0 && ~any(status == [429 502 503]) || code ~= 0 && ~any(code == [18 52 55 56])
      limit = -1;
    end
    if isempty(first_failure)
      first_failure = tic;
    end
    wait = seconds_to_wait(head) + backoff * rand();
    if toc(first_failure) + wait > limit
      error('gradients:refused', '%s', explain(service, code, status, head, text));
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

% A request whose matrices are lists of lists. jsonencode alone would turn a matrix with one row into a flat
% list, and a vector with one element into a number.
function request = with_lists(request)
  request.network.layers = cellfun(@layer_with_lists, request.network.layers, 'UniformOutput', false);
  if isfield(request, 'candidate')
    request.candidate.gradients = cellfun(@layer_with_lists, request.candidate.gradients, 'UniformOutput', false);
  end
  request.batch.inputs = to_rows(request.batch.inputs);
  if ~iscell(request.batch.targets)
    request.batch.targets = to_rows(request.batch.targets);
  end
end

function layer = layer_with_lists(layer)
  layer.weights = to_rows(layer.weights);
  if isfield(layer, 'biases')
    layer.biases = num2cell(layer.biases);
  end
end

function rows = to_rows(matrix)
  rows = cellfun(@num2cell, num2cell(matrix, 2), 'UniformOutput', false);
end

% Runs curl: its exit status, and the status, headers and body of the answer. The body is curl's message if it failed.
function [code, status, head, text] = post(service, operation, body)
  request_file = tempname();
  head_file = tempname();
  answer_file = tempname();
  cleanup = onCleanup(@() cellfun(@delete, {request_file, head_file, answer_file}));
  write(request_file, body);
  write(head_file, '');
  write(answer_file, '');
  % The key is passed on standard input: all users of the machine can read the arguments of a command.
  command = ['echo "${GRADIENTS_API_KEY:+header = \"Authorization: Bearer $GRADIENTS_API_KEY\"}" |' ...
    ' curl --config - --silent --show-error --connect-timeout 10 --max-time "${GRADIENTS_TIMEOUT:-300}"' ...
    ' --header "Content-Type: application/json" --data-binary "@' request_file '" --dump-header "' head_file '"' ...
    ' --output "' answer_file '" --write-out "%{http_code}" "' service '/' operation '" 2>&1'];
  [code, output] = system(command);
  if code == 0
    status = str2double(output);
    text = fileread(answer_file);
  else
    status = 0;
    text = strtrim(regexprep(output, '\d{3}$', ''));
  end
  head = fileread(head_file);
end

function write(name, text)
  file = fopen(name, 'w');
  fwrite(file, text);
  fclose(file);
end

% Seconds to wait, by Retry-After; without it, 0.
function seconds = seconds_to_wait(head)
  wait = regexpi(head, '^retry-after: *(\d+)', 'tokens', 'once', 'lineanchors');
  if isempty(wait)
    seconds = 0;
  else
    seconds = str2double(wait{1});
  end
end

% Why there is no answer. The service answers errors by a problem document (RFC 9457), a proxy by something else.
function text = explain(service, code, status, head, text)
  if code ~= 0
    text = sprintf('no answer from %s: %s', service, text);
  elseif isempty(regexpi(head, '^content-type: *application/problem\+json', 'once', 'lineanchors'))
    text = sprintf('%s answered %d', service, status);
  else
    problem = jsondecode(text);
    text = [problem.title ': ' problem.detail];
    if isfield(problem, 'errors')
      for k = 1:numel(problem.errors)
        text = [text sprintf('\n  %s: %s', problem.errors(k).pointer, problem.errors(k).detail)];
      end
    end
  end
end
