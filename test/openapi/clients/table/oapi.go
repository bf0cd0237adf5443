// Sends each line of standard input, a request, and prints the answer or the problem.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"client/openapi"
)

func main() {
	client, err := openapi.NewClientWithResponses(os.Args[1])
	if err != nil {
		panic(err)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var request openapi.GradientsRequest
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			panic(err)
		}
		response, err := client.GradientsWithResponse(context.Background(), nil, request)
		if err != nil {
			panic(err)
		}
		var document any = response.ApplicationproblemJSON422
		if response.JSON200 != nil {
			document = response.JSON200
		}
		text, _ := json.Marshal(document)
		fmt.Println(string(text))
	}
}
