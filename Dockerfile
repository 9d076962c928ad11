# One static binary on an empty image, run as nobody. Mount one volume at /data;
# the root file system can be read-only.
#
#   docker run --read-only -v akkoord:/data -p 8080:8080 -e AKKOORD_URL=https://… \
#     -e AKKOORD_TLS=proxy -e AKKOORD_TRUSTED_PROXIES=172.16.0.0/12 akkoord
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/akkoord ./cmd/akkoord \
 && mkdir -p /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /zoneinfo.zip
COPY --from=build /out/akkoord /akkoord
COPY --from=build --chown=65532:65532 /out/data /data
ENV ZONEINFO=/zoneinfo.zip \
    TMPDIR=/data \
    AKKOORD_LISTEN=0.0.0.0:8080 \
    AKKOORD_OPS_LISTEN=0.0.0.0:8081 \
    AKKOORD_DATABASE=sqlite:/data/akkoord.db \
    AKKOORD_SECRET_FILE=/data/akkoord.key
USER 65532:65532
VOLUME /data
EXPOSE 8080 8081
ENTRYPOINT ["/akkoord"]
CMD ["serve"]
