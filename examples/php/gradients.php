<?php

/**
 * The gradients of a network, from a gradient service, without any library.
 *
 *     php gradients.php         the network of the article
 *     php gradients.php FILE    the request in a JSON file
 *
 * GRADIENTS_URL is the URL of the service, GRADIENTS_API_KEY its API key.
 */

declare(strict_types=1);

const TRIES = 5;

/** An error that the service answers; $problem is its problem document (RFC 9457). */
final class GradientsError extends RuntimeException
{
    public function __construct(public readonly array $problem)
    {
        $lines = ["{$problem['title']}: {$problem['detail']}"];
        foreach ($problem['errors'] ?? [] as $error) {
            $lines[] = "  {$error['pointer']}: {$error['detail']}";
        }
        parent::__construct(implode("\n", $lines));
    }
}

/**
 * The answer to a request: its loss, its gradients, and what it includes.
 *
 * If the service is busy (429, 503), this waits as long as Retry-After says and tries again.
 *
 * @param mixed $request anything that json_encode encodes to a request
 */
function gradients(mixed $request): array
{
    $body = json_encode($request, JSON_THROW_ON_ERROR);
    for ($tries = 1; ; $tries++) {
        [$status, $headers, $text] = post($body);
        if ($status === 200) {
            return json_decode($text, true, flags: JSON_THROW_ON_ERROR);
        }
        if (!in_array($status, [429, 503], true) || $tries === TRIES) {
            throw new GradientsError(problemOf($status, $headers, $text));
        }
        // Without Retry-After, a second.
        $wait = $headers['retry-after'] ?? '';
        sleep(ctype_digit($wait) ? (int) $wait : 1);
    }
}

/** Posts a body: the status, headers and body of the answer. */
function post(string $body): array
{
    $url = (getenv('GRADIENTS_URL') ?: 'http://127.0.0.1:3000') . '/gradients';
    $headers = ['Content-Type: application/json'];
    if ($key = getenv('GRADIENTS_API_KEY')) {
        $headers[] = "Authorization: Bearer $key";
    }
    $options = ['method' => 'POST', 'header' => $headers, 'content' => $body, 'ignore_errors' => true];
    $stream = @fopen($url, 'r', false, stream_context_create(['http' => $options]));
    if ($stream === false) {
        throw new RuntimeException(error_get_last()['message']);
    }
    $text = stream_get_contents($stream);
    $lines = stream_get_meta_data($stream)['wrapper_data'];
    $status = (int) explode(' ', $lines[0])[1];
    $answered = [];
    foreach (array_slice($lines, 1) as $line) {
        [$name, $value] = explode(':', $line, 2);
        $answered[strtolower($name)] = trim($value);
    }
    return [$status, $answered, $text];
}

/** The problem document of an answer. A proxy may have sent something else. */
function problemOf(int $status, array $headers, string $text): array
{
    if (str_starts_with($headers['content-type'] ?? '', 'application/problem+json')) {
        return json_decode($text, true, flags: JSON_THROW_ON_ERROR);
    }
    return ['title' => 'No answer', 'detail' => "the service answered $status"];
}

/** The network of the article. */
function article(): array
{
    return [
        'network' => ['layers' => [
            ['weights' => array_fill(0, 3, [0.1, 0.1]), 'biases' => [0.1, 0.1, 0.1], 'activation' => 'tanh'],
            ['weights' => array_fill(0, 3, [0.1, 0.1, 0.1]), 'biases' => [0.1, 0.1, 0.1], 'activation' => 'tanh'],
            ['weights' => array_fill(0, 2, [0.1, 0.1, 0.1]), 'biases' => [0.1, 0.1]],
        ]],
        // One sample per column.
        'batch' => ['inputs' => [[3, 2], [4, 5]], 'targets' => [[2, 1], [2, 2]], 'samples' => 'columns'],
        'loss' => 'mse',
    ];
}

function main(array $arguments): void
{
    $request = article();
    if ($arguments) {
        $json = @file_get_contents($arguments[0]);
        if ($json === false) {
            throw new RuntimeException(error_get_last()['message']);
        }
        // As objects, so that an empty one is not sent as a list.
        $request = json_decode($json, flags: JSON_THROW_ON_ERROR);
    }
    $answer = gradients($request);
    echo 'loss: ', json_encode($answer['loss']), "\n";
    foreach ($answer['gradients'] as $number => $layer) {
        foreach ($layer as $name => $values) {
            echo "layer $number $name: ", json_encode($values), "\n";
        }
    }
}

try {
    main(array_slice($argv, 1));
} catch (RuntimeException | JsonException $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}
