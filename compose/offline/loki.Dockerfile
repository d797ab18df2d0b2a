# What grafana/loki is upstream, around the binary that servers/loki builds: no shell, nothing but Loki.
FROM busybox:1.35.0-glibc AS files
RUN mkdir -p /new/etc/loki /new/loki/rules /new/loki/rules-temp && mkdir -m 1777 /new/tmp \
 && printf '%s\n' root:x:0:0:root:/root:/sbin/nologin loki:x:10001:10001:loki:/home/loki:/sbin/nologin > /new/etc/passwd \
 && printf '%s\n' root:x:0: loki:x:10001: > /new/etc/group \
 && cp -r /etc/ssl /etc/nsswitch.conf /new/etc \
 && chown -R 10001:10001 /new/etc/loki /new/loki

FROM scratch
COPY --from=files /new /
COPY loki /usr/bin/
USER 10001
EXPOSE 3100
ENTRYPOINT ["/usr/bin/loki"]
CMD ["-config.file=/etc/loki/local-config.yaml"]
