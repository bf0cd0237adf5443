% GRADIENTS  The gradients of a network, from a gradient service, with curl.
%
%   answer = gradients(request)
%
% The request is a struct, or its JSON as a string. network.layers is a cell of structs, weights, inputs and targets
% are matrices, biases vectors; a list of classes is to be wrapped by num2cell. The answer has its loss, its gradients
% (a cell of structs), and what the request includes. Octave's jsondecode may read a number's last digit wrong.
%
% GRADIENTS_URL is where the service is, GRADIENTS_API_KEY the key that it may want.
% Where the service is busy (429, 503), curl waits as long as it is told to (Retry-After) and tries again.
function answer = gradients(request)
  if ~ischar(request)
    request = jsonencode(with_lists(request));
  end
  [status, media_type, text] = post(request);
  if status == 200
    answer = jsondecode(text);
    if isstruct(answer.gradients)
      answer.gradients = num2cell(answer.gradients);
    end
  elseif strncmp(media_type, 'application/problem+json', 24)
    error('gradients:refused', '%s', explain(jsondecode(text)));
  else
    % A proxy on the way may have sent something else than a problem document.
    error('gradients:refused', 'the service answered %d', status);
  end
end

% A request whose matrices are lists of lists. On its own, jsonencode makes a flat list of a matrix with one row, and
% a number of a vector with one element.
function request = with_lists(request)
  for k = 1:numel(request.network.layers)
    request.network.layers{k}.weights = to_rows(request.network.layers{k}.weights);
    if isfield(request.network.layers{k}, 'biases')
      request.network.layers{k}.biases = num2cell(request.network.layers{k}.biases);
    end
  end
  request.batch.inputs = to_rows(request.batch.inputs);
  if ~iscell(request.batch.targets)
    request.batch.targets = to_rows(request.batch.targets);
  end
end

function rows = to_rows(matrix)
  rows = cellfun(@num2cell, num2cell(matrix, 2), 'UniformOutput', false);
end

function [status, media_type, text] = post(body)
  request_file = tempname();
  answer_file = tempname();
  cleanup = onCleanup(@() cellfun(@delete, {request_file, answer_file}));
  for name = {request_file, answer_file}
    file = fopen(name{1}, 'w');
    fwrite(file, body);
    fclose(file);
  end
  % The key goes in by standard input: everybody on this machine can read the arguments of a command.
  command = ['echo "${GRADIENTS_API_KEY:+header = \"Authorization: Bearer $GRADIENTS_API_KEY\"}" |' ...
    ' curl --config - --silent --show-error --retry 4 --header "Content-Type: application/json"' ...
    ' --data-binary "@' request_file '" --output "' answer_file '" --write-out "%{http_code} %{content_type}"' ...
    ' "${GRADIENTS_URL:-http://127.0.0.1:3000}/gradients"'];
  [failed, output] = system(command);
  if failed
    error('gradients:connection', 'there is no connection: curl ended with %d', failed);
  end
  [status, media_type] = strtok(output);
  status = str2double(status);
  media_type = strtrim(media_type);
  text = fileread(answer_file);
end

% What the service says against a request (RFC 9457).
function text = explain(problem)
  text = [problem.title ': ' problem.detail];
  if isfield(problem, 'errors')
    for k = 1:numel(problem.errors)
      text = [text sprintf('\n  %s: %s', problem.errors(k).pointer, problem.errors(k).detail)];
    end
  end
end
