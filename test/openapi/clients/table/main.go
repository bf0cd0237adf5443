// Sends each line of standard input, a request, and prints the answer or the problem.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	openapi "github.com/GIT_USER_ID/GIT_REPO_ID"
)

func main() {
	configuration := openapi.NewConfiguration()
	configuration.Servers = openapi.ServerConfigurations{{URL: os.Args[1]}}
	client := openapi.NewAPIClient(configuration)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var request openapi.GradientsRequest
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			panic(err)
		}
		answer, _, err := client.GradientsAPI.Gradients(context.Background()).GradientsRequest(request).Execute()
		var refused *openapi.GenericOpenAPIError
		if errors.As(err, &refused) {
			fmt.Println(string(refused.Body()))
		} else if err != nil {
			panic(err)
		} else {
			text, _ := json.Marshal(answer)
			fmt.Println(string(text))
		}
	}
}
