// Package gradients gets the gradients of a network from a gradient service, with the standard library only.
package gradients

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"mime"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Layer computes activation(inputs · weightsᵀ + biases).
type Layer struct {
	Weights [][]float64 `json:"weights"` // outputs × inputs
	Biases  []float64   `json:"biases,omitempty"`
	// Activation is a name, or a Function.
	Activation any `json:"activation,omitempty"`
}

// Function is an activation or a loss with options: Function{"type": "huber", "delta": 0.5}.
type Function map[string]any

// Network is the layers, from input to output.
type Network struct {
	Layers []Layer `json:"layers"`
}

// Batch is the inputs and the targets.
type Batch struct {
	Inputs [][]float64 `json:"inputs"`
	// Either Targets (samples × outputs) or Classes, a class index per sample.
	Targets [][]float64 `json:"targets,omitempty"`
	Classes []int       `json:"classes,omitempty"`
	// Without SampleWeights every sample weighs 1.
	SampleWeights []float64 `json:"sample_weights,omitempty"`
	// Samples says whether a sample is one of the "rows", the default, or of the "columns".
	Samples string `json:"samples,omitempty"`
}

// Request is a request to the service.
type Request struct {
	Network Network `json:"network"`
	Batch   Batch   `json:"batch"`
	// Loss is a name, or a Function; nil is "mse".
	Loss    any      `json:"loss,omitempty"`
	Include []string `json:"include,omitempty"`
}

// Answer is the answer of the service.
type Answer struct {
	Loss float64 `json:"loss"`
	// Gradients has the shape of the network's layers.
	Gradients []struct {
		Weights [][]float64 `json:"weights"`
		Biases  []float64   `json:"biases"`
	} `json:"gradients"`
	// Divisor is what the reduction divided the loss by.
	Divisor float64 `json:"divisor"`
	// Outputs is empty unless the request includes "outputs".
	Outputs [][]float64 `json:"outputs"`
}

// Problem is an error that the service answers: a problem document (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		Pointer string `json:"pointer"`
		Detail  string `json:"detail"`
	} `json:"errors"`
}

func (p *Problem) Error() string {
	lines := []string{p.Title + ": " + p.Detail}
	for _, e := range p.Errors {
		lines = append(lines, "  "+e.Pointer+": "+e.Detail)
	}
	return strings.Join(lines, "\n")
}

const (
	firstBackoff   = 500 * time.Millisecond
	longestBackoff = 10 * time.Second
	connectTimeout = 10 * time.Second
	// restartTime is for how long a service that accepts no connection is tried again: a restart takes less.
	restartTime = 10 * time.Second
)

// Client is a client of a gradient service. It keeps its connections; goroutines may share it.
type Client struct {
	URL    string
	APIKey string
	// Timeout is what one try may take, from connecting to the last byte of the answer.
	Timeout time.Duration
	// RetryTime is for how long a busy service is asked again, counted from the first failure.
	RetryTime time.Duration
	// HTTP sends the requests; nil is a shared client with a timeout of its own for connecting.
	HTTP *http.Client
}

var sharedHTTP = &http.Client{Transport: transport()}

// transport is http.DefaultTransport, which would try to connect for 30 s.
func transport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: connectTimeout}).DialContext
	return transport
}

// FromEnvironment returns the client that GRADIENTS_URL, GRADIENTS_API_KEY, GRADIENTS_TIMEOUT and GRADIENTS_RETRY_TIME
// (seconds) describe.
func FromEnvironment() *Client {
	url := os.Getenv("GRADIENTS_URL")
	if url == "" {
		url = "http://127.0.0.1:3000"
	}
	return &Client{
		URL:       url,
		APIKey:    os.Getenv("GRADIENTS_API_KEY"),
		Timeout:   seconds(os.Getenv("GRADIENTS_TIMEOUT"), 300),
		RetryTime: seconds(os.Getenv("GRADIENTS_RETRY_TIME"), 120),
	}
}

func seconds(text string, otherwise float64) time.Duration {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		value = otherwise
	}
	return time.Duration(value * float64(time.Second))
}

// Gradients returns the answer to a request: a Request, or anything that encodes to one, such as a json.RawMessage.
// The error is a *Problem if the service refuses the request.
//
// While the service is busy or the connection breaks, Gradients waits (as long as Retry-After says, and a random time
// that grows) and tries again, until ctx is done. A timeout is not retried.
func (c *Client) Gradients(ctx context.Context, request any) (*Answer, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	var firstFailure time.Time
	for backoff := firstBackoff; ; backoff = min(2*backoff, longestBackoff) {
		answer, retryAfter, limit, err := c.try(ctx, body)
		if err == nil {
			return answer, nil
		}
		if firstFailure.IsZero() {
			firstFailure = time.Now()
		}
		wait := retryAfter + time.Duration(rand.Int63n(int64(backoff)))
		if time.Since(firstFailure)+wait > limit {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// try asks once. Beside an error it returns how long Retry-After says to wait, and for how long to try again.
func (c *Client) try(ctx context.Context, body []byte) (answer *Answer, retryAfter, limit time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	response, content, err := c.post(ctx, body)
	var network *net.OpError
	switch {
	case ctx.Err() != nil:
		return nil, 0, 0, fmt.Errorf("no answer from %s: %w", c.URL, ctx.Err())
	case errors.As(err, &network) && network.Timeout():
		return nil, 0, 0, fmt.Errorf("no answer from %s: %w", c.URL, err)
	case errors.As(err, &network) && network.Op == "dial":
		return nil, 0, min(restartTime, c.RetryTime), fmt.Errorf("no answer from %s: %w", c.URL, err)
	case err != nil:
		return nil, 0, c.RetryTime, fmt.Errorf("no answer from %s: %w", c.URL, err)
	}
	switch response.StatusCode {
	case http.StatusOK:
		answer = new(Answer)
		return answer, 0, 0, json.Unmarshal(content, answer)
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable:
		limit = c.RetryTime
	}
	return nil, seconds(response.Header.Get("Retry-After"), 0), limit, c.refusal(response, content)
}

// post sends a body and reads the whole response, so that the connection can be reused.
func (c *Client) post(ctx context.Context, body []byte) (*http.Response, []byte, error) {
	url := strings.TrimRight(c.URL, "/") + "/gradients"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.APIKey != "" {
		request.Header.Set("Authorization", "Bearer "+c.APIKey)
	}
	client := c.HTTP
	if client == nil {
		client = sharedHTTP
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response, content, err
}

// refusal returns the *Problem of a response. A proxy may have sent something other than a problem document.
func (c *Client) refusal(response *http.Response, content []byte) error {
	if media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); media != "application/problem+json" {
		return fmt.Errorf("%s answered %s", c.URL, response.Status)
	}
	problem := new(Problem)
	if err := json.Unmarshal(content, problem); err != nil {
		return err
	}
	return problem
}
