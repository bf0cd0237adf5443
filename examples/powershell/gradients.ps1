# The gradients of a network, from a gradient service, with PowerShell 7.2 or later.
# The tests do not run this example: PowerShell cannot be installed where they run.
#
#     pwsh gradients.ps1            the network of the article
#     pwsh gradients.ps1 FILE...    the requests in JSON files
param([Parameter(ValueFromRemainingArguments)] [string[]] $Files)

$ErrorActionPreference = 'Stop'

# Keeps its connections. Get-Gradient has a timeout of its own.
$Http = [System.Net.Http.HttpClient]::new()
$Http.Timeout = [System.Threading.Timeout]::InfiniteTimeSpan

<#
.SYNOPSIS
The answer to a request: its loss, gradients, divisor, and what it includes.

.DESCRIPTION
While the service is busy or the connection breaks, this waits (as long as Retry-After says, and a random time that
grows) and tries again. A timeout is not retried.

.PARAMETER Request
A hashtable, or its JSON as a string.

.PARAMETER TimeoutSec
Seconds that one try may take, from connecting to the last byte of the answer.

.PARAMETER RetrySec
Seconds for which a busy service is asked again, counted from the first failure.
#>
function Get-Gradient {
    param(
        [Parameter(Mandatory)] $Request,
        [string] $Operation = 'gradients',
        [string] $Url = ($env:GRADIENTS_URL ?? 'http://127.0.0.1:3000'),
        [string] $ApiKey = $env:GRADIENTS_API_KEY,
        [double] $TimeoutSec = ($env:GRADIENTS_TIMEOUT ?? 300),
        [double] $RetrySec = ($env:GRADIENTS_RETRY_TIME ?? 120)
    )
    $service = $Url.TrimEnd('/')
    $body = $Request -is [string] ? $Request : (ConvertTo-Json $Request -Depth 100 -Compress)
    $since = $null
    for ($backoff = 0.5; ; $backoff = [Math]::Min(2 * $backoff, 10)) {
        $wait = $backoff * [Random]::Shared.NextDouble()
        $limit = $RetrySec
        $post = [System.Net.Http.HttpRequestMessage]::new('POST', "$service/$Operation")
        $post.Content = [System.Net.Http.StringContent]::new($body, [Text.Encoding]::UTF8, 'application/json')
        if ($ApiKey) { $post.Headers.Add('Authorization', "Bearer $ApiKey") }
        $expiry = [System.Threading.CancellationTokenSource]::new([TimeSpan]::FromSeconds($TimeoutSec))
        try {
            # Ends when the whole answer has been read.
            $response = $Http.SendAsync($post, $expiry.Token).GetAwaiter().GetResult()
            $text = $response.Content.ReadAsStringAsync().GetAwaiter().GetResult()
            $status = [int] $response.StatusCode
            if ($status -eq 200) { return ConvertFrom-Json $text -Depth 100 }
            $failure = Get-Refusal $service $status $response.Content.Headers.ContentType.MediaType $text
            if ($status -notin 429, 502, 503) { $limit = -1 }
            $wait += $response.Headers.RetryAfter.Delta.TotalSeconds ?? 0
        } catch {
            if ($expiry.IsCancellationRequested) { throw "no answer from $service within $TimeoutSec s" }
            $cause = $_.Exception.GetBaseException()
            $failure = "no answer from ${service}: $($cause.Message)"
            if ($cause -is [System.Net.Sockets.SocketException] -and $cause.SocketErrorCode -in 'ConnectionRefused', 'HostNotFound') {
                # A restart takes less than 10 seconds.
                $limit = [Math]::Min($limit, 10)
            }
        } finally {
            $expiry.Dispose()
        }
        $since ??= [System.Diagnostics.Stopwatch]::StartNew()
        if ($since.Elapsed.TotalSeconds + $wait -gt $limit) { throw $failure }
        Start-Sleep -Milliseconds (1000 * $wait)
    }
}

# The text of a problem document (RFC 9457). A proxy may have sent something else.
function Get-Refusal($Service, $Status, $MediaType, $Text) {
    if ($MediaType -ne 'application/problem+json') { return "$Service answered $Status" }
    $problem = ConvertFrom-Json $Text
    $faults = $problem.errors | Where-Object { $_ } | ForEach-Object { "  $($_.pointer): $($_.detail)" }
    return (@("$($problem.title): $($problem.detail)") + $faults) -join "`n"
}

$article = @{
    network = @{
        layers = @(
            @{ weights = @(@(0.1, 0.1), @(0.1, 0.1), @(0.1, 0.1)); biases = @(0.1, 0.1, 0.1); activation = 'tanh' }
            @{ weights = @(@(0.1, 0.1, 0.1), @(0.1, 0.1, 0.1), @(0.1, 0.1, 0.1)); biases = @(0.1, 0.1, 0.1); activation = 'tanh' }
            @{ weights = @(@(0.1, 0.1, 0.1), @(0.1, 0.1, 0.1)); biases = @(0.1, 0.1) }
        )
    }
    # One sample per column.
    batch   = @{ inputs = @(@(3, 2), @(4, 5)); targets = @(@(2, 1), @(2, 2)); samples = 'columns' }
    loss    = 'mse'
}

$requests = $Files ? ($Files | ForEach-Object { Get-Content $_ -Raw }) : @($article)
foreach ($request in $requests) {
    $answer = Get-Gradient $request
    "loss: $($answer.loss)"
    for ($k = 0; $k -lt $answer.gradients.Count; $k++) {
        foreach ($array in $answer.gradients[$k].PSObject.Properties) {
            "layer $k $($array.Name): $(ConvertTo-Json $array.Value -Compress)"
        }
    }
    "divisor: $($answer.divisor)"
}
