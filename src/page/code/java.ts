// The request in Java, with the JDK alone.
import { literal, quoted } from './literal.ts';
import { REQUEST_FILE, type Snippet, type Source } from './snippet.ts';

export function javaClient({ request, url, large }: Source): Snippet {
  const json = literal(request).replaceAll('\\', '\\\\');
  const body = large ? `Files.readString(Path.of("${REQUEST_FILE}"))` : `"""\n${json}\n"""`;
  const text = String.raw`// The gradients from the service, with the JDK alone: java Gradients.java
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
${large ? 'import java.nio.file.Files;\nimport java.nio.file.Path;\n' : ''}import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Gradients {
    public static void main(String[] arguments) throws Exception {
        String request = ${body};

        HttpRequest call = HttpRequest.newBuilder(URI.create(${quoted(url)}))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(request))
            .build();
        HttpResponse<String> response = HttpClient.newHttpClient().send(call, HttpResponse.BodyHandlers.ofString());
        String answer = response.body();
        if (response.statusCode() != 200) {
            System.err.println(response.statusCode() + " " + answer);
            System.exit(1);
        }

        // The JDK reads no JSON. A program that does more with the numbers takes a library that does, such as Gson.
        System.out.println("loss " + answer.split("[:,]", 3)[1]);
        String gradients = answer.substring(0, answer.indexOf("\"divisor\""));
        Matcher layer = Pattern.compile("\\{\"weights\":(.*?\\]\\])(,\"biases\":(.*?\\]))?").matcher(gradients);
        for (int k = 0; layer.find(); k++) {
            System.out.println("layer " + k + " weights " + layer.group(1));
            if (layer.group(3) != null) System.out.println("layer " + k + " biases " + layer.group(3));
        }
    }
}
`;
  return { language: 'java', label: 'Java', file: 'Gradients.java', text };
}
