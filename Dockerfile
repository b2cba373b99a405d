# This image has git, so the build stamps the version into the binary if the context has a .git.
FROM golang:1.26.8 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/gin-blog . && install -d -m 0700 /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/gin-blog /gin-blog
# A new named volume gets the owner of this folder.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV DATA_DIR=/data
VOLUME /data
EXPOSE 3000
# Without --start-interval, which engines before 25 refuse.
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["/gin-blog", "healthcheck"]
ENTRYPOINT ["/gin-blog"]
