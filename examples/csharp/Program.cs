// Prints the gradients of the network of the article, or of the requests in JSON files.
// The tests do not run this example.
//
//     dotnet run
//     dotnet run -- FILE...
using System.Text.Json;
using GradientService;

double[] row2 = [0.1, 0.1];
double[] row3 = [0.1, 0.1, 0.1];
var article = new Request(
    new Network(new Layer([row2, row2, row2], row3, "tanh"), new Layer([row3, row3, row3], row3, "tanh"), new Layer([row3, row3], row2)),
    // One sample per column.
    new Batch([[3, 2], [4, 5]], Targets: [[2, 1], [2, 2]], Samples: "columns"),
    Loss: "mse");

using var client = GradientsClient.FromEnvironment();
try
{
    IEnumerable<object> requests = args.Length == 0
        ? [article]
        : args.Select(file => (object)JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(file)));
    foreach (var request in requests)
    {
        var answer = await client.AskAsync<Answer>("gradients", request);
        Console.WriteLine($"loss: {JsonSerializer.Serialize(answer.Loss)}");
        foreach (var (layer, number) in answer.Gradients.Select((layer, number) => (layer, number)))
        {
            Console.WriteLine($"layer {number} weights: {JsonSerializer.Serialize(layer.Weights)}");
            if (layer.Biases is not null) Console.WriteLine($"layer {number} biases: {JsonSerializer.Serialize(layer.Biases)}");
        }
        Console.WriteLine($"divisor: {JsonSerializer.Serialize(answer.Divisor)}");
    }
    return 0;
}
catch (Exception e) when (e is GradientsException or TimeoutException or HttpRequestException or IOException or JsonException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
