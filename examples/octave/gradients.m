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
% GRADIENTS_URL is the URL of the service, GRADIENTS_API_KEY its API key.
% If the service is busy (429, 503), curl waits as long as Retry-After says and tries again.
function answer = gradients(request, operation)
  if nargin < 2
    operation = 'gradients';
  end
  if ~ischar(request)
    request = jsonencode(with_lists(request));
  end
  [status, media_type, text] = post(request, operation);
  if status == 200
    answer = jsondecode(text);
    if isfield(answer, 'gradients') && isstruct(answer.gradients)
      answer.gradients = num2cell(answer.gradients);
    end
  elseif strncmp(media_type, 'application/problem+json', 24)
    error('gradients:refused', '%s', explain(jsondecode(text)));
  else
    % A proxy may have sent something other than a problem document.
    error('gradients:refused', 'the service answered %d', status);
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

function [status, media_type, text] = post(body, operation)
  request_file = tempname();
  answer_file = tempname();
  cleanup = onCleanup(@() cellfun(@delete, {request_file, answer_file}));
  for name = {request_file, answer_file}
    file = fopen(name{1}, 'w');
    fwrite(file, body);
    fclose(file);
  end
  % The key is passed on standard input: all users of the machine can read the arguments of a command.
  command = ['echo "${GRADIENTS_API_KEY:+header = \"Authorization: Bearer $GRADIENTS_API_KEY\"}" |' ...
    ' curl --config - --silent --show-error --retry 4 --header "Content-Type: application/json"' ...
    ' --data-binary "@' request_file '" --output "' answer_file '" --write-out "%{http_code} %{content_type}"' ...
    ' "${GRADIENTS_URL:-http://127.0.0.1:3000}/' operation '"'];
  [failed, output] = system(command);
  if failed
    error('gradients:connection', 'there is no connection: curl ended with %d', failed);
  end
  [status, media_type] = strtok(output);
  status = str2double(status);
  media_type = strtrim(media_type);
  text = fileread(answer_file);
end

% An error that the service answers: a problem document (RFC 9457).
function text = explain(problem)
  text = [problem.title ': ' problem.detail];
  if isfield(problem, 'errors')
    for k = 1:numel(problem.errors)
      text = [text sprintf('\n  %s: %s', problem.errors(k).pointer, problem.errors(k).detail)];
    end
  end
end
