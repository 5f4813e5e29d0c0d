# The command aztoken alone in an image, run by a user who is not root:
#
#	docker build -t aztoken .
#	docker run --rm -p 127.0.0.1:16925:16925 -p 127.0.0.1:16926:16926 aztoken \
#	  fake --listen :16925 --control :16926 --role https://orders.example.com=consumer
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
# docker build --build-arg VERSION=v0.1.0: what aztoken --version says
ARG VERSION
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w -X main.version=$VERSION" -o /out/aztoken ./cmd/aztoken
# For the files of a fake: the federated token and the certificate.
RUN mkdir -m 1777 /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /out/tmp /tmp
COPY --from=build /out/aztoken /aztoken
USER 65532:65532
ENTRYPOINT ["/aztoken"]
CMD ["--help"]
