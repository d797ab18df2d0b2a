# busybox:1.35.0-glibc from Debian's static busybox: the base of the images beside this file.
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "mkdir", "-p", "/usr/bin", "/usr/sbin", "/sbin", "/etc/ssl/certs", "/root", "/var/spool/mail"]
RUN ["/bin/busybox", "--install", "-s"]
RUN mkdir -m 1777 /tmp /var/tmp \
 && printf '%s\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534:nobody:/home:/bin/false > /etc/passwd \
 && printf '%s\n' root:x:0: nobody:x:65534: > /etc/group \
 && printf '%s\n' 'hosts: files dns' > /etc/nsswitch.conf
# Upstream's busybox has none, but the base of Prometheus' own images has.
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
CMD ["sh"]
