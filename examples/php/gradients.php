<?php

/**
 * The gradients of a network, from a gradient service, with PHP's curl.
 *
 *     php gradients.php            the network of the article
 *     php gradients.php FILE...    the requests in JSON files
 */

declare(strict_types=1);

/** The service refuses a request; $problem is its problem document (RFC 9457). */
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

/** A gradient service. It keeps one connection. */
final class GradientsClient
{
    private const BUSY = [429, 502, 503];
    private const NO_CONNECTION = [CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT];
    private const BROKEN = [CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR];
    /** Seconds for which a service that accepts no connection is tried again: a restart takes less. */
    private const RESTART_TIME = 10.0;
    private const LONGEST_BACKOFF = 10.0;

    private readonly CurlHandle $curl;

    /**
     * @param float $timeout seconds that one try may take, from connecting to the last byte of the answer
     * @param float $retryTime seconds for which a busy service is asked again, counted from the first failure
     */
    public function __construct(
        private readonly string $url,
        private readonly ?string $apiKey = null,
        private readonly float $timeout = 300,
        private readonly float $retryTime = 120,
    ) {
        $this->curl = curl_init();
    }

    /** The client that GRADIENTS_URL, GRADIENTS_API_KEY, GRADIENTS_TIMEOUT and GRADIENTS_RETRY_TIME (seconds) describe. */
    public static function fromEnvironment(): self
    {
        $seconds = fn (string $name, float $default) => getenv($name) === false ? $default : (float) getenv($name);
        return new self(
            getenv('GRADIENTS_URL') ?: 'http://127.0.0.1:3000',
            getenv('GRADIENTS_API_KEY') ?: null,
            $seconds('GRADIENTS_TIMEOUT', 300),
            $seconds('GRADIENTS_RETRY_TIME', 120),
        );
    }

    /**
     * The answer to a request: its loss, its gradients, its divisor, and what it includes.
     *
     * While the service is busy or the connection breaks, this waits (as long as Retry-After says, and a random time
     * that grows) and tries again. A timeout is not retried.
     *
     * @param mixed $request anything that json_encode encodes to a request
     * @param string $operation any of the service, such as "hessian"
     * @throws GradientsError if the service refuses the request
     * @throws RuntimeException if there is no connection, or no answer in time
     */
    public function gradients(mixed $request, string $operation = 'gradients'): array
    {
        $body = json_encode($request, JSON_THROW_ON_ERROR);
        $firstFailure = null;
        for ($backoff = 0.5; ; $backoff = min(2 * $backoff, self::LONGEST_BACKOFF)) {
            $text = $this->post($operation, $body);
            $status = curl_getinfo($this->curl, CURLINFO_RESPONSE_CODE);
            $code = curl_errno($this->curl);
            $wait = $backoff * random_int(0, 1_000_000) / 1e6;
            $limit = $this->retryTime;
            if ($text === false) {
                $failure = new RuntimeException("no answer from {$this->service()}: " . curl_error($this->curl));
                if (in_array($code, self::NO_CONNECTION, true)) {
                    $limit = min($limit, self::RESTART_TIME);
                } elseif (!in_array($code, self::BROKEN, true)) {
                    throw $failure;
                }
            } elseif ($status === 200) {
                return json_decode($text, true, flags: JSON_THROW_ON_ERROR);
            } else {
                $failure = new GradientsError($this->problemOf($status, $text));
                if (!in_array($status, self::BUSY, true)) {
                    throw $failure;
                }
                // Without Retry-After, it is 0.
                $wait += curl_getinfo($this->curl, CURLINFO_RETRY_AFTER);
            }
            $firstFailure ??= microtime(true);
            if (microtime(true) - $firstFailure + $wait > $limit) {
                throw $failure;
            }
            usleep((int) (1e6 * $wait));
        }
    }

    private function service(): string
    {
        return rtrim($this->url, '/');
    }

    /** Posts a body, and returns that of the answer; false if there is none. */
    private function post(string $operation, string $body): string|false
    {
        $headers = ['Content-Type: application/json'];
        if ($this->apiKey !== null) {
            $headers[] = "Authorization: Bearer {$this->apiKey}";
        }
        curl_setopt_array($this->curl, [
            CURLOPT_URL => "{$this->service()}/$operation",
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CONNECTTIMEOUT => 10,
            CURLOPT_TIMEOUT_MS => (int) (1000 * $this->timeout),
        ]);
        return curl_exec($this->curl);
    }

    /** The problem document of an answer. A proxy may have sent something else. */
    private function problemOf(int $status, string $text): array
    {
        $type = curl_getinfo($this->curl, CURLINFO_CONTENT_TYPE) ?: '';
        if (str_starts_with($type, 'application/problem+json')) {
            return json_decode($text, true, flags: JSON_THROW_ON_ERROR);
        }
        return ['title' => 'No answer', 'detail' => "{$this->service()} answered $status"];
    }
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

/** The request in a JSON file, as objects, so that an empty one is not sent as a list. */
function requestIn(string $file): object
{
    $json = @file_get_contents($file);
    if ($json === false) {
        throw new RuntimeException(error_get_last()['message']);
    }
    return json_decode($json, flags: JSON_THROW_ON_ERROR);
}

function main(array $files): void
{
    // A large answer takes more than the default of 128 MB.
    ini_set('memory_limit', '-1');
    $client = GradientsClient::fromEnvironment();
    foreach ($files ? array_map(requestIn(...), $files) : [article()] as $request) {
        $answer = $client->gradients($request);
        echo 'loss: ', json_encode($answer['loss']), "\n";
        foreach ($answer['gradients'] as $number => $layer) {
            foreach ($layer as $name => $values) {
                echo "layer $number $name: ", json_encode($values), "\n";
            }
        }
        echo 'divisor: ', json_encode($answer['divisor']), "\n";
    }
}

try {
    main(array_slice($argv, 1));
} catch (RuntimeException | JsonException $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}
