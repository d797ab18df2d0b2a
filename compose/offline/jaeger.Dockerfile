# What jaegertracing/jaeger is upstream, around the binary that servers/jaeger builds; busybox stands in for Alpine.
FROM busybox:1.35.0-glibc
COPY jaeger /cmd/jaeger/jaeger-linux
ENV JAEGER_LISTEN_HOST=0.0.0.0
EXPOSE 4317 4318 5778 5779 9411 13132 13133 14250 14268 16686
VOLUME ["/tmp"]
USER 10001
ENTRYPOINT ["/cmd/jaeger/jaeger-linux"]
