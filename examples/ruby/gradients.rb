# frozen_string_literal: true

# The gradients of a network, from a gradient service, with the standard library only.
#
#     ruby gradients.rb         the network of the article
#     ruby gradients.rb FILE    the request in a JSON file
#
# GRADIENTS_URL is the URL of the service, GRADIENTS_API_KEY its API key.

require 'json'
require 'net/http'

URL = URI("#{ENV.fetch('GRADIENTS_URL', 'http://127.0.0.1:3000')}/gradients")
API_KEY = ENV.fetch('GRADIENTS_API_KEY', nil)
TRIES = 5

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

# An error that the service answers; +problem+ is its problem document (RFC 9457).
class GradientsError < StandardError
  attr_reader :problem

  def initialize(problem)
    @problem = problem
    errors = problem.fetch('errors', []).map { |error| "\n  #{error['pointer']}: #{error['detail']}" }
    super("#{problem['title']}: #{problem['detail']}#{errors.join}")
  end
end

# The answer to a request: its loss, its gradients, and what it includes.
# If the service is busy (429, 503), this waits as long as Retry-After says and tries again.
def gradients(request)
  headers = { 'Content-Type' => 'application/json' }
  headers['Authorization'] = "Bearer #{API_KEY}" if API_KEY
  (1..TRIES).each do |try|
    response = Net::HTTP.post(URL, JSON.generate(request), headers)
    return JSON.parse(response.body) if response.is_a?(Net::HTTPOK)
    raise GradientsError, problem_of(response) unless %w[429 503].include?(response.code) && try < TRIES

    sleep(seconds_to_wait(response))
  end
end

# Seconds to wait, by Retry-After; without it, 1.
def seconds_to_wait(response)
  Integer(response['Retry-After'], exception: false) || 1
end

# The problem document of an answer. A proxy may have sent something else.
def problem_of(response)
  return JSON.parse(response.body) if response.content_type == 'application/problem+json'

  { 'title' => response.message, 'detail' => "the service answered #{response.code}" }
end

def main(file = nil)
  answer = gradients(file ? JSON.parse(File.read(file)) : ARTICLE)
  puts "loss: #{answer['loss']}"
  answer['gradients'].each_with_index do |layer, number|
    layer.each { |name, values| puts "layer #{number} #{name}: #{values}" }
  end
end

if $PROGRAM_NAME == __FILE__
  begin
    main(*ARGV)
  rescue StandardError => e
    abort e.message
  end
end
