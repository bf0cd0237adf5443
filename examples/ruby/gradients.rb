# frozen_string_literal: true

# The gradients of a network, from a gradient service, with the standard library only.
#
#     ruby gradients.rb            the network of the article
#     ruby gradients.rb FILE...    the requests in JSON files

require 'json'
require 'net/http'
require 'timeout'

# The service refuses a request; +problem+ is its problem document (RFC 9457).
class GradientsError < StandardError
  attr_reader :problem

  def initialize(problem)
    @problem = problem
    errors = problem.fetch('errors', []).map { |error| "\n  #{error['pointer']}: #{error['detail']}" }
    super("#{problem['title']}: #{problem['detail']}#{errors.join}")
  end
end

# A gradient service. It keeps one connection; each thread needs its own client.
class GradientsClient
  BUSY = [429, 502, 503].freeze
  NO_CONNECTION = [Errno::ECONNREFUSED, Errno::EHOSTUNREACH, SocketError].freeze
  BROKEN = [SystemCallError, SocketError, IOError, Net::HTTPBadResponse].freeze
  # Seconds for which a service that accepts no connection is tried again: a restart takes less.
  RESTART_TIME = 10
  LONGEST_BACKOFF = 10

  # +timeout+: seconds that one try may take, from connecting to the last byte of the answer.
  # +retry_time+: seconds for which a busy service is asked again, counted from the first failure.
  def initialize(url: ENV.fetch('GRADIENTS_URL', 'http://127.0.0.1:3000'),
                 api_key: ENV.fetch('GRADIENTS_API_KEY', nil),
                 timeout: Float(ENV.fetch('GRADIENTS_TIMEOUT', 300)),
                 retry_time: Float(ENV.fetch('GRADIENTS_RETRY_TIME', 120)))
    @url = URI(url.sub(%r{/+\z}, ''))
    @timeout = timeout
    @retry_time = retry_time
    # Not compressed, so that the length of an answer is that of its body.
    @headers = { 'Content-Type' => 'application/json', 'Accept-Encoding' => 'identity' }
    @headers['Authorization'] = "Bearer #{api_key}" if api_key
    @http = Net::HTTP.new(@url.host, @url.port)
    @http.use_ssl = @url.scheme == 'https'
    @http.open_timeout = 10
    # That of each read; +timeout+ bounds them all.
    @http.read_timeout = @http.write_timeout = nil
    @http.keep_alive_timeout = 30
  end

  # The answer to a request: its loss, its gradients, its divisor, and what it includes.
  # +operation+ is any of the service, such as +hessian+.
  #
  # While the service is busy or the connection breaks, this waits (as long as Retry-After says, and a random time that
  # grows) and tries again. A timeout is not retried.
  #
  # Raises GradientsError if the service refuses the request, Timeout::Error if it does not answer in time, IOError if
  # there is no connection.
  def gradients(request, operation: 'gradients')
    body = JSON.generate(request)
    first_failure = nil
    backoff = 0.5
    loop do
      response, failure, limit = try(operation, body)
      return JSON.parse(response.body) unless failure

      now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      first_failure ||= now
      wait = seconds_to_wait(response) + rand * backoff
      raise failure if now - first_failure + wait > limit

      sleep wait
      backoff = [2 * backoff, LONGEST_BACKOFF].min
    end
  end

  private

  # Asks once: the response, the error if it is no answer, and for how many seconds to try again.
  def try(operation, body)
    response = post(operation, body)
    return [response, nil, 0] if response.is_a?(Net::HTTPOK)

    [response, GradientsError.new(problem_of(response)), BUSY.include?(response.code.to_i) ? @retry_time : 0]
  rescue Timeout::Error
    close
    raise Timeout::Error, "no answer from #{@url} within #{@timeout} s"
  rescue *BROKEN => e
    close
    limit = NO_CONNECTION.any? { |kind| e.is_a?(kind) } ? [RESTART_TIME, @retry_time].min : @retry_time
    [nil, IOError.new("no answer from #{@url}: #{e.message}"), limit]
  end

  # Posts a body, and reads the answer to its end.
  def post(operation, body)
    Timeout.timeout(@timeout) do
      @http.start unless @http.started?
      response = @http.post("#{@url.path}/#{operation}", body, @headers)
      length = response.content_length
      raise EOFError, 'the answer is cut off' if length && response.body.bytesize < length

      response
    end
  end

  def close
    @http.finish if @http.started?
  end

  # Seconds to wait, by Retry-After; without it, 0.
  def seconds_to_wait(response)
    Integer(response&.[]('Retry-After'), exception: false) || 0
  end

  # The problem document of an answer. A proxy may have sent something else.
  def problem_of(response)
    return JSON.parse(response.body) if response.content_type == 'application/problem+json'

    { 'title' => response.message, 'detail' => "#{@url} answered #{response.code}" }
  end
end

ARTICLE = {
  network: {
    layers: [
      { weights: [[0.1, 0.1]] * 3, biases: [0.1] * 3, activation: 'tanh' },
      { weights: [[0.1, 0.1, 0.1]] * 3, biases: [0.1] * 3, activation: 'tanh' },
      { weights: [[0.1, 0.1, 0.1]] * 2, biases: [0.1] * 2 }
    ]
  },
  # One sample per column.
  batch: { inputs: [[3, 2], [4, 5]], targets: [[2, 1], [2, 2]], samples: 'columns' },
  loss: 'mse'
}.freeze

def main(files)
  client = GradientsClient.new
  requests = files.empty? ? [ARTICLE] : files.map { |file| JSON.parse(File.read(file)) }
  requests.each do |request|
    answer = client.gradients(request)
    puts "loss: #{answer['loss']}"
    answer['gradients'].each_with_index do |layer, number|
      layer.each { |name, values| puts "layer #{number} #{name}: #{values}" }
    end
    puts "divisor: #{answer['divisor']}"
  end
end

if $PROGRAM_NAME == __FILE__
  begin
    main(ARGV)
  rescue StandardError => e
    abort e.message
  end
end
