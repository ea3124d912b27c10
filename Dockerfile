# docker build -t sterling .
# docker run -v ./etc:/etc/sterling:ro -v sterling:/var/lib/sterling -p 443:8443 -p 80:8080 sterling
#
# The configuration's [state] dir must be /var/lib/sterling, its listeners
# 0.0.0.0:8443 and 0.0.0.0:8080, and [admin] an address for the health check.

FROM docker.io/library/golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=${VERSION}" -o /out/sterling ./cmd/proxy
RUN mkdir -p /out/state

FROM scratch
LABEL org.opencontainers.image.title="sterling" \
      org.opencontainers.image.description="An HTTPS front door that keeps every visitor on the server that knows them" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/sterling /sterling
COPY --from=build --chown=10001:10001 /out/state /var/lib/sterling
USER 10001:10001
WORKDIR /var/lib/sterling
VOLUME ["/var/lib/sterling"]
EXPOSE 8080 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=10s --retries=2 \
    CMD ["/sterling", "healthcheck", "-c", "/etc/sterling/sterling.toml"]
ENTRYPOINT ["/sterling"]
CMD ["run", "-c", "/etc/sterling/sterling.toml"]
