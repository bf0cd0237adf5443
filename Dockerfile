# The service and its workers (CMD ["node", "src/worker.ts"]) on an empty image: node, OpenBLAS, the libraries that these two need, and the application. No shell, no package manager.
# The base is named by its tag; for reproducible builds, add its digest.
FROM node:26-slim AS base

# Production dependencies, without files that only development or other platforms need. TypeScript goes, since Node does not run it in
# node_modules; licences stay.
FROM base AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund \
  # Native parts that msgpackr, which packs the messages to Redis, can do without: they are tiny.
  && rm -r node_modules/msgpackr-extract node_modules/@msgpackr-extract \
  # Otherwise npm reports the development dependencies of package.json as missing.
  && cp package.json /tmp/package.json && npm pkg delete devDependencies \
  && npm sbom --omit=dev --sbom-format=cyclonedx > /tmp/npm.json \
  && mv /tmp/package.json . \
  && find node_modules -regextype posix-extended -type d \
    -regex '.*node_modules/(@[^/]+/)?[^/]+/(tests?|__tests__|bench(marks?)?|examples|docs|\.github|musl_[^/]+)' -prune -exec rm -rf {} + \
  && find node_modules -type f -regextype posix-extended -iregex '.*\.([cm]?ts|map|md|markdown)' -not -iname '*licen[cs]e*' -delete

# The page, bundled with development dependencies that the image does not need.
FROM base AS page
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY deploy/page.ts deploy/bundled.ts deploy/
COPY schemas schemas
COPY src/page src/page
RUN node deploy/page.ts

# The Debian files that node and OpenBLAS need, under /runtime, and the bill of materials of the image.
FROM base AS runtime
RUN apt-get update \
  && apt-get install --yes --no-install-recommends libopenblas0-pthread \
  && rm -rf /var/lib/apt/lists/*
COPY deploy/image /image
COPY --from=dependencies /app/node_modules /node_modules
RUN sh /image/collect.sh /runtime /usr/local/bin/node "$(ldconfig -p | awk '$1 == "libopenblas.so.0" { print $NF; exit }')" \
    $(find /node_modules -name '*.node')
COPY --from=dependencies /app/package.json /tmp/npm.json /tmp/
COPY --from=page /app/dist/page/packages.json /tmp/
RUN node /image/sbom.ts /tmp/package.json /tmp/npm.json /tmp/packages.json /runtime/var/lib/dpkg/status.d /etc/os-release > /tmp/sbom.cdx.json

# Where datasets and jobs are kept: a volume gets its owner from here.
RUN mkdir /data

FROM scratch
WORKDIR /app
ENV PATH=/usr/local/bin NODE_ENV=production HOST=0.0.0.0 PORT=3000 STORE=/data
COPY --from=runtime /runtime /
COPY --from=runtime --chown=1000:1000 /data /data
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY schemas schemas
COPY src src
COPY --from=page /app/dist dist
# To extract it: docker create --name sbom gradient-service && docker cp sbom:/app/sbom.cdx.json . && docker rm sbom
COPY --from=runtime /tmp/sbom.cdx.json ./
# User and group node. Numeric, so that Kubernetes can verify that it is not root.
USER 1000:1000
# The build fails if OpenBLAS cannot be loaded. Otherwise the service would start on a slower engine, and only the log would say so.
RUN ["node", "--eval", "import('/app/src/linalg/engines.ts').then(({ loadEngine }) => loadEngine({ name: 'openblas' }))"]
# The service, and the probes of a worker.
EXPOSE 3000
VOLUME /data
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --start-interval=1s \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/server.ts"]
