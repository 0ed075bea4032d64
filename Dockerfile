# syntax=docker/dockerfile:1
#
#   docker build -t pombo .
#   docker build -t pombo --build-arg BROWSER_BUNDLE=no .      without npm: no /socket.io/socket.io.js
#   docker build -t pombo --build-arg FFMPEG=no .              without ffmpeg
#
# The image holds no secret. Data and the generated API key live in the volume /data.

ARG RUST_VERSION=1.95
ARG DEBIAN=bookworm
# `yes`: the Socket.IO browser client is taken from npm and embedded.
ARG BROWSER_BUNDLE=yes

FROM node:22-${DEBIAN}-slim AS node

FROM rust:${RUST_VERSION}-slim-${DEBIAN} AS toolchain-no

FROM toolchain-no AS toolchain-yes
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && npm --version

FROM toolchain-${BROWSER_BUNDLE} AS build
WORKDIR /src
COPY . .
# The caches stay on the building machine; only the binary leaves this step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package pombo-server --bin pombo \
    && cp target/release/pombo /pombo

FROM debian:${DEBIAN}-slim
# `no`: a smaller image; what needs ffmpeg is refused (docs/media.md).
ARG FFMPEG=yes
# ca-certificates: outgoing https (webhooks). tzdata: EVENT_LOCAL_TIME.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tzdata $([ "$FFMPEG" = yes ] && echo ffmpeg) \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 pombo \
    && useradd --uid 10001 --gid pombo --home-dir /data --no-create-home --shell /usr/sbin/nologin pombo \
    && install -d -o pombo -g pombo -m 0700 /data
COPY --from=build /pombo /usr/local/bin/pombo
COPY LICENSE NOTICE /usr/share/doc/pombo/
ENV POMBO_DATA_DIR=/data
USER pombo
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s CMD ["pombo", "health"]
ENTRYPOINT ["pombo"]
