<?php
// Sends the requests of test/openapi/generated.ts, written by the types of the client, and prints the answers and the problem.
// (ObjectSerializer::deserialize() would set all options that may be null.)
use OpenAPI\Client\Api\GradientsApi;
use OpenAPI\Client\ApiException;
use OpenAPI\Client\Configuration;
use OpenAPI\Client\Model\ActivationWithOptions;
use OpenAPI\Client\Model\Batch;
use OpenAPI\Client\Model\GradientsRequest;
use OpenAPI\Client\Model\Layer;
use OpenAPI\Client\Model\LossWithOptions;
use OpenAPI\Client\Model\Network;
use OpenAPI\Client\ObjectSerializer;

// Debian's Guzzle, as it has no Composer packages.
require 'GuzzleHttp/autoload.php';
spl_autoload_register(fn ($class) => require __DIR__ . '/lib/' . strtr(substr($class, strlen('OpenAPI\Client\\')), '\\', '/') . '.php');
ini_set('serialize_precision', '-1');

$api = new GradientsApi(new GuzzleHttp\Client(), (new Configuration())->setHost($argv[1]));
$layer = fn (int $outputs, int $inputs, ?string $activation) => new Layer([
    'weights' => array_fill(0, $outputs, array_fill(0, $inputs, 0.1)),
    'biases' => array_fill(0, $outputs, 0.1),
    'activation' => $activation,
]);
$network = new Network(['layers' => [$layer(3, 2, 'tanh'), $layer(3, 3, 'tanh'), $layer(2, 3, null)]]);
$article = fn (array $inputs) => new GradientsRequest([
    'network' => $network,
    'batch' => new Batch(['inputs' => $inputs, 'targets' => [[2, 1], [2, 2]], 'samples' => 'columns']),
]);
$leaky = new ActivationWithOptions(['type' => 'leaky_relu', 'negative_slope' => 0.2]);
$trace = new GradientsRequest([
    'network' => new Network(['layers' => [new Layer(['weights' => [[0.5, -1.5]], 'biases' => [0.25], 'activation' => $leaky])]]),
    'batch' => new Batch(['inputs' => [[1, 2]], 'targets' => [[0.5]]]),
    'loss' => new LossWithOptions(['type' => 'huber', 'delta' => 0.5, 'reduction' => 'sum']),
    'include' => ['input_gradients', 'per_sample_gradients', 'trace'],
]);
foreach ([$article([[3, 2], [4, 5]]), $trace, $article([[3, 2]])] as $request) {
    try {
        echo json_encode(ObjectSerializer::sanitizeForSerialization($api->gradients($request))), "\n";
    } catch (ApiException $error) {
        echo $error->getResponseBody(), "\n";
    }
}
