# Stands in for this stage of compose/Dockerfile: the page that this machine has built for plain processes.
FROM scratch AS page
COPY dist /page
