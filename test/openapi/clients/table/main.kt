import org.openapitools.client.apis.GradientsApi
import org.openapitools.client.infrastructure.ClientError
import org.openapitools.client.infrastructure.ClientException
import org.openapitools.client.infrastructure.Serializer
import org.openapitools.client.models.GradientsAnswer
import org.openapitools.client.models.GradientsRequest

/** Sends each line of standard input, a request, and prints the answer or the problem. */
fun main(args: Array<String>) {
    val api = GradientsApi(args[0])
    val requests = Serializer.moshi.adapter(GradientsRequest::class.java)
    val answers = Serializer.moshi.adapter(GradientsAnswer::class.java)
    for (line in generateSequence(::readLine)) {
        try {
            println(answers.toJson(api.gradients(requests.fromJson(line)!!)))
        } catch (error: ClientException) {
            println((error.response as ClientError<*>).body)
        }
    }
}
